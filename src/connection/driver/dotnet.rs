//! .NET's Npgsql: `Key=Value;` and nothing else.

use secrecy::ExposeSecret as _;

use super::cut::Cut;
use crate::connection::{DsnForm, parse_dsn};

pub(super) fn read(text: &str) -> Result<Cut, &'static str> {
    const FORM: &str = "ArgumentException: Format of the initialization string does not conform to specification starting at index …";
    let (key, _) = text.split_once('=').ok_or(FORM)?;
    // A URL with options, or libpq's pairs: what stands before the first = is no keyword.
    if key.contains("://") || key.trim().contains(['/', ':']) {
        return Err("ArgumentException: Keyword not supported: '…'");
    }
    let dsn = parse_dsn(text).map_err(|_why| FORM)?;
    if dsn.form != DsnForm::Semicolons
        && text.split_whitespace().filter(|word| word.contains('=')).count() > 1
    {
        return Err("ArgumentException: Keyword not supported, or its value swallows the rest");
    }
    Ok(Cut {
        hosts: dsn.servers.iter().map(|one| (one.host.clone(), Some(one.port))).collect(),
        user: dsn.user,
        password: dsn.password.map(|password| password.expose_secret().to_owned()),
        name: dsn.database,
    })
}
