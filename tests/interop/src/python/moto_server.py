"""Moto, until standard input ends, with the check that it lacks: it reads SAML assertions without looking at the signature.

Makes an identity provider's key and certificate first, in the working directory, for saml_assertion.py.
"""

import base64
import datetime
import os
import sys
import threading

import signxml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.server import main
from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend


def make_identity_provider():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    certificate = certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for file, contents in (("key.pem", pem), ("certificate.pem", certificate)):
        with open(file, "wb") as out:
            out.write(contents)
    return certificate.decode()


CERTIFICATE = make_identity_provider()
read_assertion = STSBackend.assume_role_with_saml


def check_and_read(self, **parameters):
    try:
        signxml.XMLVerifier().verify(base64.b64decode(parameters["saml_assertion"]), x509_cert=CERTIFICATE)
    except Exception as error:
        print("refused:", repr(error), file=sys.stderr)
        raise STSClientError("InvalidIdentityToken", "Response signature invalid")
    return read_assertion(self, **parameters)


STSBackend.assume_role_with_saml = check_and_read


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
main(sys.argv[1:])
