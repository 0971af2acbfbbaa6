//! Users of Cloud SQL that log in with IAM, by their names alone.

/// What the addresses of service accounts end in, and the names of their users do not.
const SUFFIX: &str = ".gserviceaccount.com";

/// The address of the service account whose user has this name (`auth@shop.iam`); `None`: it is no service account's.
pub(crate) fn iam_account(user: &str) -> Option<String> {
    let (name, domain) = user.split_once('@')?;
    let fits = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
    };
    let of_account =
        domain == "iam" || domain.ends_with(".iam") || domain == "developer" || domain == "appspot";
    (of_account && fits(name) && fits(domain)).then(|| format!("{user}{SUFFIX}"))
}

#[cfg(test)]
mod tests {
    use super::iam_account;

    #[test]
    fn a_service_account_is_known_by_its_users_name() {
        for (user, expected) in [
            ("auth@shop.iam", Some("auth@shop.iam.gserviceaccount.com")),
            ("123-compute@developer", Some("123-compute@developer.gserviceaccount.com")),
            ("shop@appspot", Some("shop@appspot.gserviceaccount.com")),
            ("ada@example.com", None),
            ("auth@shop.iam.gserviceaccount.com", None),
            ("auth", None),
            ("@shop.iam", None),
            ("a/b@shop.iam", None),
            ("auth@sh op.iam", None),
        ] {
            assert_eq!(iam_account(user).as_deref(), expected, "{user}");
        }
    }
}
