//! What the files look like, and what in them has no effect.

use super::{CONFIG, CREDENTIALS, Loaded, REMARKS_SHOWN, SharedFiles};
use crate::explain::Look;

impl SharedFiles {
    /// Which profile is meant and where both files lie; and what is to be warned of.
    pub(crate) async fn explained(&self) -> (Vec<Look>, Vec<String>) {
        let selected = self.selected();
        let profile = format!("`{}`, {}", selected.name(), selected.by());
        let mut looks = vec![Look::shown(&self.host.env, "AWS_PROFILE"), Look::new("profile", profile)];
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
        self.profiles.remarks().iter().take(REMARKS_SHOWN).map(ToString::to_string)
    }
}
