//! `sts_over_tls NAME REGION PARTITION DIRECTORY`: the STS of the local AWS behind TLS at 127.0.0.1:443, with a certificate
//! for this name only, for requests that are signed for this region only, until standard input ends.
//!
//! The directory gets what a client needs: `ca.pem`, the shared files `config` and `credentials` with the profiles
//! `leaf` → `hub` → `keys`, and a web identity token, `token`.

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use aws_credential_chain::testing::{Clock, LocalAws};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, region, partition, directory] = arguments.as_slice() else {
        return Err("usage: sts_over_tls NAME REGION PARTITION DIRECTORY".into());
    };
    let directory = Path::new(directory);
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    aws.sts().region(Some(region));
    write_files(&aws, partition, directory)?;
    let acceptor = acceptor(name, directory)?;
    let listener = TcpListener::bind("127.0.0.1:443").await?;
    let target = aws.endpoint().trim_start_matches("http://").to_owned();
    tokio::spawn(accept(listener, acceptor, target));
    println!("listening");
    // Ends with whoever started it, however that ends.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// Roles that trust whoever comes, and those who come.
fn write_files(aws: &LocalAws, partition: &str, directory: &Path) -> Result<(), Failure> {
    let [hub, leaf, web] =
        ["hub", "leaf", "web"].map(|role| format!("arn:{partition}:iam::222222222222:role/{role}"));
    let issuer = "https://oidc.example/id/1";
    aws.sts().identity_provider(issuer);
    aws.sts().role(&web).trusts_identity_provider(issuer);
    aws.sts().role(&hub).trusts("111111111111");
    aws.sts().role(&leaf).trusts(&hub);
    let (id, secret) = aws.sts().user("111111111111", "dev");
    let write = |file: &str, text: String| std::fs::write(directory.join(file), text);
    write("token", aws.sts().web_identity_token(issuer, "system:serviceaccount:prod:web").sign())?;
    write("credentials", format!("[keys]\naws_access_key_id={id}\naws_secret_access_key={secret}\n"))?;
    write(
        "config",
        format!(
            "[profile hub]\nrole_arn={hub}\nsource_profile=keys\n[profile leaf]\nrole_arn={leaf}\nsource_profile=hub\n"
        ),
    )?;
    Ok(())
}

fn acceptor(name: &str, directory: &Path) -> Result<TlsAcceptor, Failure> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    std::fs::write(directory.join("ca.pem"), authority.pem())?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, target: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, target) = (acceptor.clone(), target.clone());
        tokio::spawn(async move {
            let mut inside = acceptor.accept(stream).await?;
            let mut server = TcpStream::connect(target).await?;
            tokio::io::copy_bidirectional(&mut inside, &mut server).await
        });
    }
}
