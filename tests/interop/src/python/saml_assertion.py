"""An assertion for AWS, signed with RSA and SHA-256 by the key in the working directory, as browsers post it.

Arguments: role ARN, provider ARN, session name, duration in seconds, end of the session or nothing.
"""

import base64
import datetime
import sys

import signxml
from lxml import etree

role, provider, name, duration, end = sys.argv[1:]
now = datetime.datetime.now(datetime.timezone.utc)
soon = (now + datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
now = now.strftime("%Y-%m-%dT%H:%M:%SZ")
attributes = "".join(
    f'<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/{key}">'
    f"<saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
    for key, value in (("Role", f"{role},{provider}"), ("RoleSessionName", name), ("SessionDuration", duration))
)
end = f' SessionNotOnOrAfter="{end}"' if end else ""
assertion = etree.fromstring(
    f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="{now}">'
    "<saml:Issuer>https://idp.example</saml:Issuer>"
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
    f"<saml:Subject><saml:NameID>{name}</saml:NameID><saml:SubjectConfirmation>"
    f'<saml:SubjectConfirmationData NotOnOrAfter="{soon}" Recipient="https://signin.aws.amazon.com/saml"/>'
    "</saml:SubjectConfirmation></saml:Subject>"
    "<saml:Conditions><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience>"
    "</saml:AudienceRestriction></saml:Conditions>"
    f'<saml:AuthnStatement AuthnInstant="{now}"{end}/>'
    f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
)
with open("key.pem", "rb") as key, open("certificate.pem", "rb") as certificate:
    signer = signxml.XMLSigner(
        signature_algorithm="rsa-sha256",
        digest_algorithm="sha256",
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    signed = signer.sign(assertion, key=key.read(), cert=certificate.read().decode(), reference_uri="_a1")
response = etree.fromstring('<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>')
response.append(signed)
print(base64.b64encode(etree.tostring(response)).decode())
