//! One hop of a profile, behind what the AWS CLI keeps of it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::entry::{self, Held};
use super::{CliCache, key};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::explain::{Examined, Look, Next};
use crate::host::{FileError, Host};
use crate::provider::{CredentialsProvider, Notice, SharedProvider};
use crate::role::Role;
use crate::source::{Source, SourceKind};

/// A provider of a role's session: one that the CLI keeps, else the one that STS gives.
#[derive(Debug)]
pub(crate) struct CachedRole {
    host: Host,
    /// Asks STS.
    provider: SharedProvider,
    role: Role,
    file_name: String,
    is_written: bool,
    /// What a session that was kept shows as its way.
    path: Source,
    /// The session that was handed out last.
    held: Mutex<Option<Held>>,
}

impl CachedRole {
    /// Puts the cache in front of `provider`, as far as it is wanted and the request is one that is kept. `path` is the
    /// way to the role, hop by hop.
    pub(crate) fn in_front(
        host: &Host,
        cache: CliCache,
        provider: SharedProvider,
        role: Role,
        mfa_serial: Option<&str>,
        path: Source,
    ) -> SharedProvider {
        let file_name = match cache {
            CliCache::Off => None,
            CliCache::Read | CliCache::ReadWrite => key::file_name(&role, mfa_serial),
        };
        let Some(file_name) = file_name else { return provider };
        let is_written = cache == CliCache::ReadWrite;
        let path = match path.hops().last().and_then(|hop| hop.detail()) {
            Some(detail) => {
                let detail = format!("{detail}, kept by the AWS CLI");
                path.with_detail(detail)
            }
            None => path,
        };
        let host = host.clone();
        let held = Mutex::default();
        SharedProvider::new(Self { host, provider, role, file_name, is_written, path, held })
    }

    fn file(&self) -> Option<PathBuf> {
        let home = self.host.files.home(&self.host.env)?;
        Some(home.join(".aws").join("cli").join("cache").join(&self.file_name))
    }

    async fn kept(&self, file: &Path) -> Option<Credentials> {
        let bytes = match self.host.files.read_private(file, ENTRY_MAX).await {
            Ok(bytes) => bytes,
            Err(FileError::NotFound) => return None,
            Err(error @ FileError::NotPrivate) => {
                tracing::warn!(file = %file.display(), "a session that the AWS CLI keeps is not used: the file {error}");
                return None;
            }
            Err(error) => {
                tracing::debug!(file = %file.display(), "a session that the AWS CLI keeps is not used: the file {error}");
                return None;
            }
        };
        let now = self.host.clock.now();
        match entry::usable(&bytes, self.role.arn(), self.path.clone(), now, self.held().as_ref()) {
            Ok(session) => {
                tracing::debug!(role = %self.role.arn(), file = %file.display(), "a session that the AWS CLI keeps is used");
                Some(session)
            }
            Err(miss) => {
                tracing::debug!(file = %file.display(), "a session that the AWS CLI keeps is not used: the file {miss}");
                None
            }
        }
    }

    async fn keep(&self, file: &Path, session: &Credentials) {
        let (role, session, held) = (self.role.clone(), session.clone(), self.held());
        let now = self.host.clock.now();
        let change =
            move |there: Option<&[u8]>| entry::replacement(there, &session, role.arn(), now, held.as_ref());
        if let Err(error) = self.host.files.update(file, ENTRY_MAX, change).await {
            tracing::warn!(
                file = %file.display(),
                "a session could not be kept for the AWS CLI: {error}; it is used all the same"
            );
        }
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hand_out(&self, session: Credentials) -> Credentials {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held::of(&session));
        session
    }
}

impl CredentialsProvider for CachedRole {
    async fn retrieve(&self) -> Result<Credentials, Error> {
        let file = self.file();
        if let Some(file) = &file
            && let Some(session) = self.kept(file).await
        {
            return Ok(self.hand_out(session));
        }
        let session = self.provider.retrieve().await?;
        if let Some(file) = &file
            && self.is_written
        {
            self.keep(file, &session).await;
        }
        Ok(self.hand_out(session))
    }

    fn time_limit(&self) -> Duration {
        self.provider.time_limit()
    }

    fn notice(&self, notice: Notice<'_>) {
        self.provider.notice(notice);
    }

    fn may_change(&self) -> bool {
        self.provider.may_change()
    }

    async fn has_changed(&self, held: &Credentials) -> bool {
        self.provider.has_changed(held).await
    }

    fn source_kind(&self) -> SourceKind {
        self.provider.source_kind()
    }

    async fn examine(&self) -> Examined {
        let mut examined = self.provider.examine().await;
        if let Some(file) = self.file() {
            examined = examined.looked_at([Look::file(&self.host, &file, Some("kept by the AWS CLI")).await]);
            // As where it is retrieved: nothing further down is asked, nor has to be right.
            if self.kept(&file).await.is_some() {
                let session = format!("the session of {} that the AWS CLI keeps", self.role.arn());
                examined.next = Ok(Next::Read(session));
            }
        }
        examined
    }
}

/// A session takes 2 KiB.
const ENTRY_MAX: u64 = 64 * 1024;
