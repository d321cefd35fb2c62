//! What we read otherwise than botocore. `docs/differences.md` has the reasons, under the same names.

mod environment;
mod grammar;
mod precedence;

use super::{Machine, Outcome, Places};

/// One line of the table.
pub struct Difference {
    /// As the table for users names it.
    pub name: &'static str,
    pub rule: Rule,
}

/// What a difference comes to.
#[derive(Clone, Copy)]
pub enum Rule {
    /// We read a machine as botocore reads this other one; `None` if it is not of this kind.
    Reads(fn(&Machine, &Places) -> Option<Machine>),
    /// We refuse a machine of this kind, and say this.
    Refuses { applies: fn(&Machine) -> bool, says: &'static str },
    /// We tell more of the same credentials: what botocore would tell of them.
    Tells(fn(&Machine, &Outcome) -> Option<Outcome>),
}

const fn reads(name: &'static str, read: fn(&Machine, &Places) -> Option<Machine>) -> Difference {
    Difference { name, rule: Rule::Reads(read) }
}

const fn refuses(name: &'static str, applies: fn(&Machine) -> bool, says: &'static str) -> Difference {
    Difference { name, rule: Rule::Refuses { applies, says } }
}

const fn tells(name: &'static str, tell: fn(&Machine, &Outcome) -> Option<Outcome>) -> Difference {
    Difference { name, rule: Rule::Tells(tell) }
}

/// In the order in which they are tried.
pub static DIFFERENCES: &[Difference] = &[
    tells("account id of instance metadata", environment::account_id_of_metadata),
    tells("`duration_seconds` of a web identity", precedence::duration_of_web_identity),
    tells("region of each role", precedence::region_of_each_role),
    refuses("half a pair of keys", environment::has_half_a_pair, " is set, and "),
    refuses("half a pair of keys", precedence::has_half_a_pair, "` is set without `"),
    refuses("half of IAM Identity Center", precedence::has_half_of_sso, "sso_"),
    refuses("a source without a role", precedence::has_source_alone, "` is set without `role_arn`"),
    refuses("`duration_seconds` that is no number", precedence::has_no_number, "is no whole number"),
    refuses(
        "keys beside `web_identity_token_file`",
        precedence::has_more_than_web_identity,
        "cannot go together with",
    ),
    refuses("a value that goes on in indented lines", grammar::has_continuation, "goes on in indented lines"),
    refuses("`key: value`", grammar::has_colon, "a line without `=`"),
    reads("blanks around variables", environment::trimmed),
    reads("other names of access keys", environment::own_names),
    reads("keys of the environment are all that is looked at", environment::keys_alone),
    reads("`AWS_DEFAULT_PROFILE`", environment::without_default_profile),
    reads("`AWS_SECURITY_TOKEN`", environment::without_security_token),
    reads("`AWS_REGION`", environment::region),
    reads("no region at all", environment::implied_region),
    reads("a line end behind a token", environment::token_without_line_end),
    reads("`key: value` with an `=`", grammar::without_colons_before_equals),
    reads("byte order mark", grammar::without_byte_order_mark),
    reads("comments behind headers", grammar::without_comments_behind_headers),
    reads("blanks in headers", grammar::without_blanks_in_headers),
    reads("quotes in headers", grammar::without_quoted_sections),
    reads("headers that begin with `profile`", grammar::without_other_prefixes),
    reads("`[default]` beside `[profile default]`", grammar::without_replaced_default),
    reads("sections twice", grammar::merged_sections),
    reads("keys twice", grammar::last_keys),
    reads("comments behind values", grammar::without_comments_behind_values),
    reads("blank values", grammar::without_blank_values),
    reads("case of `credential_source`", precedence::credential_source_in_its_case),
    reads("`credential_source` in a source", precedence::credential_source_in_place),
    reads("`aws_security_token`", precedence::without_security_token),
    reads("a profile in both files", precedence::in_one_file),
    reads("keys of a source come first", precedence::keys_of_sources_alone),
    reads("`credential_process` and `login_session` before keys", precedence::without_keys_beside_others),
    reads("shell syntax in `credential_process`", precedence::without_shell),
    reads("IAM Identity Center after roles", precedence::without_sso_beside_roles),
    reads("the environment's web identity alone", environment::web_identity_without_the_profile),
    reads(
        "the environment's web identity after the profile",
        environment::without_web_identity_beside_a_profile,
    ),
];
