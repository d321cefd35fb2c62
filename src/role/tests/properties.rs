//! Whatever is given, a role is built or an error says why, and no confidential value is in it.

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use serde_json::Value;

use super::*;

fn json() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        proptest::strategy::Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~\t\n\\\\\"]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        proptest::prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[ -~]{0,6}", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn minified_is_what_serde_json_writes(value in json()) {
        let object = serde_json::json!({ "a": value });
        let pretty = serde_json::to_string_pretty(&object).unwrap();
        let policy = SessionPolicy::from_json(&pretty).unwrap();
        prop_assert_eq!(policy.as_str(), object.to_string());
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        let _ = SessionPolicy::from_json(&text);
        let _ = RoleArn::new(text.clone());
        let _ = RoleArn::new(format!("arn:aws:iam::123456789012:role/{text}"));
        let _ = serde_json::from_str::<Role>(&text);
    }

    #[test]
    fn any_part_is_taken_or_refused_without_showing_it(
        text in "(SECRET)?[ -~äß€\n\u{3000}]{0,70}(SECRET)?", which in 0_usize..8, seconds in any::<u64>()
    ) {
        let secret = format!("SECRET{text}");
        let builder = match which {
            0 => role().session_name(&secret),
            1 => role().external_id(&secret),
            2 => role().source_identity(&secret),
            3 => role().policy_arn(&secret),
            4 => role().tag("key", &secret),
            5 => role().provided_context(&secret, "assertion"),
            6 => role().provided_context("arn:aws:iam::aws:x/y", secret.as_str()),
            _ => role().external_id(&secret).duration(Duration::from_secs(seconds)),
        };
        let shown = match builder.build() {
            Ok(role) if matches!(which, 1 | 6 | 7) => format!("{role:?}"),
            Ok(_) => String::new(),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!shown.contains("SECRET"), "{}", shown);
    }
}
