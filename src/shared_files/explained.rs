//! What the files look like, and what in them has no effect.

use super::{CONFIG, CREDENTIALS, Loaded, SharedFiles};
use crate::explain::Look;
use crate::host::PROFILE;

impl SharedFiles {
    /// Which profile is meant and where both files lie; and what is to be warned of.
    pub(crate) async fn explained(&self) -> (Vec<Look>, Vec<String>) {
        let selected = self.selected();
        let profile = format!("`{}`, {}", selected.name(), selected.by());
        let (variable, _) = self.host.env.profile().unwrap_or((PROFILE[0], String::new()));
        let mut looks = vec![Look::shown(&self.host.env, variable), Look::new("profile", profile)];
        let mut warnings = Vec::new();
        for file in [CREDENTIALS, CONFIG] {
            let variable = self.host.env.path(file.0).map(|_| file.0);
            let Some(path) = self.path(file) else {
                looks.push(Look::new(format_args!("~/.aws/{}", file.1), "there is no home directory"));
                continue;
            };
            looks.push(Look::file(&self.host, &path, variable).await);
            if file == CREDENTIALS
                && let Ok(about) = self.host.files.about(&path).await
                && about.is_readable_by_others()
            {
                let path = path.display();
                warnings.push(format!("{path} can be read by other users ({about}): chmod 600 {path}"));
            }
        }
        (looks, warnings)
    }
}

impl Loaded {
    /// What in the files is passed over.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = String> {
        let remarks = self.profiles.remarks();
        let more = (remarks.more() > 0).then(|| format!("{} more are skipped besides", remarks.more()));
        remarks.first().iter().map(ToString::to_string).chain(more)
    }
}
