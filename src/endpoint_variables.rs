//! The environment variables that set the endpoint of a service: with or without profiles beside them.

/// What `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` says.
pub(crate) fn ignored(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    set(env, IGNORE)
}

/// The endpoint, and the variable that sets it: that of the service, by its id, before that of all services.
pub(crate) fn endpoint(service_id: &str, env: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let own = format!("{ENDPOINT_URL}_{}", suffix(service_id));
    let found = |variable: String| Some((set(&env, &variable)?.trim().to_owned(), variable));
    found(own).or_else(|| found(ENDPOINT_URL.to_owned()))
}

/// The service id as the name of a variable ends with it: in upper case, with `_` for blanks and dashes.
pub(crate) fn suffix(service_id: &str) -> String {
    service_id.replace([' ', '-'], "_").to_ascii_uppercase()
}

fn set(env: impl Fn(&str) -> Option<String>, variable: &str) -> Option<String> {
    env(variable).filter(|text| !text.trim().is_empty())
}

pub(crate) const IGNORE: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
