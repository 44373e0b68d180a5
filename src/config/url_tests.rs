use proptest::prelude::*;

use super::*;

fn lookup(name: &str) -> Option<String> {
    match name {
        "USER" => Some("app".to_owned()),
        "PASSWORD" => Some("${USER}$$".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

#[test]
fn variables_are_replaced_once() {
    for (text, expanded) in [
        ("", ""),
        ("sqlite:dev.db", "sqlite:dev.db"),
        ("x://${USER}:${PASSWORD}@h", "x://app:${USER}$$@h"),
        ("a$b$$c$", "a$b$c$"),
        ("$${USER}", "${USER}"),
        ("ż${EMPTY}ż$ż", "żż$ż"),
    ] {
        assert_eq!(expand(text, &lookup).as_deref(), Ok(expanded), "{text}");
    }
    let unset = ExpandError::UnsetVariable { name: "HOST".to_owned() };
    assert_eq!(expand("${USER}${HOST}", &lookup), Err(unset));
    for malformed in ["${", "${USER", "${}", "${A-B}", "${1}", "a${ USER}"] {
        assert_eq!(expand(malformed, &lookup), Err(ExpandError::Malformed), "{malformed}");
    }
}

#[test]
fn what_is_shown_of_a_url() {
    for (url, shown) in [
        ("postgres://app:hunter2@db/app", "postgres://app:***@db/app"),
        ("postgres://app@db:5432/app", "postgres://app@db:5432/app"),
        ("postgres://[::1]:5432/app", "postgres://[::1]:5432/app"),
        ("postgres:///app", "postgres:///app"),
        (
            "mysql://a:b@h/d?ssl-mode=required&password=x",
            "mysql://a:***@h/d?ssl-mode=required&password=***",
        ),
        ("postgres://h/d?PASSWORD=x&sslpassword=y", "postgres://h/d?PASSWORD=***&sslpassword=***"),
        ("postgres://h/d?options=x&secret", "postgres://h/d?options=***&***"),
        ("postgres://me@azure:pw@h/d", "postgres://me@azure:***@h/d"),
        ("sqlite:dev.db?mode=rwc", "sqlite:dev.db?mode=rwc"),
        ("sqlite:dev.db?key=hunter2", "sqlite:dev.db?key=***"),
        ("sqlite::memory:", "sqlite::memory:"),
        // Written wrongly: nothing doubtful is shown.
        ("postgres://app:hun/ter2@db/app", "postgres://***"),
        ("postgres://app:hun@ter2@db/app", "postgres://app:***@db/app"),
        ("postgres://app:hun?ter2@db/app", "postgres://***"),
        ("postgres://app:hunter2", "postgres://***"),
        ("postgres://app:hunter2/db", "postgres://***"),
        ("postgres://hun@ter2@db/app", "postgres://***@db/app"),
        ("postgres:app:hunter2@db/app", "postgres:***"),
        ("postgres:/app:hunter2@db/app", "postgres:***"),
        ("app:hunter2@db/app", "app:***"),
        ("host=db password=hunter2", "***"),
        ("hunter2", "***"),
        ("", "***"),
        ("mssql://sa:hunter2@db/app", "mssql://sa:***@db/app"),
        ("sqlite:app:hunter2@db", "sqlite:***"),
        ("postgres://h/d?host=x;password=hunter2", "postgres://h/d?host=***"),
        ("postgres://h/a\u{1b}[2J", "postgres://h/a\u{fffd}[2J"),
    ] {
        let url = DatabaseUrl::new(url);
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown:?})"));
    }
    assert_eq!(UrlTemplate::new("${DATABASE_URL}").to_string(), "${DATABASE_URL}");
    assert_eq!(UrlTemplate::new("${A:-hunter2}").to_string(), "***");
    assert_eq!(
        UrlTemplate::new("postgres://app:${PW}@db/app").to_string(),
        "postgres://app:***@db/app"
    );
}

#[test]
fn the_scheme_names_the_dialect() {
    for (url, dialect) in [
        ("sqlite:dev.db", Some(Dialect::Sqlite)),
        ("SQLite://dev.db", Some(Dialect::Sqlite)),
        ("postgres://h/d", Some(Dialect::Postgres)),
        ("postgresql://h/d", Some(Dialect::Postgres)),
        ("mysql://h/d", Some(Dialect::Mysql)),
        ("mariadb://h/d", Some(Dialect::Mysql)),
        ("dev.db", None),
        ("mssql://h/d", None),
        ("", None),
    ] {
        assert_eq!(DatabaseUrl::new(url).dialect(), dialect, "{url}");
    }
}

#[test]
fn databases_are_compared_by_where_they_are() {
    let same = |one: &str, two: &str| {
        let (one, two) = (DatabaseUrl::new(one), DatabaseUrl::new(two));
        let base = Path::new("/home/me/app");
        assert_eq!(one.same_database(&two, base), two.same_database(&one, base));
        one.same_database(&two, base)
    };
    for (one, two) in [
        ("postgres://a:b@DB.example.com/app", "postgresql://c@db.example.com.:5432/app?sslmode=on"),
        ("postgres://h/app/", "postgres://h/app"),
        ("postgres://h/a%70p", "postgres://h/app"),
        ("postgres://me@h", "postgres://me:pw@h/me"),
        ("postgres:///app", "postgres://127.0.0.1/app"),
        ("postgres:///app?host=h&port=5433", "postgres://h:5433/app"),
        ("postgres://%2Frun%2Fpg/app", "postgres:///app?host=/run/pg"),
        ("mysql://a@h/app", "mariadb://b@h:3306/app"),
        ("mysql://[::1]:3306/app", "mysql://localhost/app"),
        ("sqlite:dev.db", "sqlite://dev.db?mode=rwc"),
        ("sqlite:dev.db", "sqlite:./sub/../dev.db"),
        ("sqlite:dev.db", "sqlite:///home/me/app/dev.db"),
        ("sqlite:dev.db", "sqlite:/home/me//app/dev%2Edb"),
        ("sqlite:../x.db", "sqlite:/home/me/x.db"),
        ("sqlite:/../x.db", "sqlite:/x.db"),
    ] {
        assert!(same(one, two), "{one} and {two}");
    }
    for (one, two) in [
        ("postgres://h/app", "postgres://h/App"),
        ("postgres://h/app", "postgres://h:5433/app"),
        ("postgres://h/app", "postgres://g/app"),
        ("postgres://h/app", "mysql://h:5432/app"),
        ("sqlite:dev.db", "sqlite:prod.db"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("sqlite:a?mode=memory", "sqlite:a?mode=memory"),
        ("nonsense", "nonsense"),
        ("postgres:a", "postgres:a"),
    ] {
        assert!(!same(one, two), "{one} and {two}");
    }
}

proptest! {
    #[test]
    fn a_password_is_never_shown(
        user in "[a-z@:/?#%$&=]{0,6}",
        before in "[a-z@:/?#%$&= ]{0,4}",
        after in "[a-z@:/?#%$&= ]{0,4}",
        host in "[a-z0-9.:]{0,8}",
        scheme in "(postgres|mysql|sqlite|x|)(://|:/|:)",
    ) {
        // An `@` in the user name leaves the user's own text before the first `:`.
        let url = format!("{scheme}{user}:{before}HUNTER2{after}@{host}/app");
        let shown = DatabaseUrl::new(&*url).redacted();
        prop_assert!(!shown.contains("HUNTER2"), "{url} is shown as {shown}");
    }

    #[test]
    fn arbitrary_text_is_taken_calmly(one in ".{0,60}", two in ".{0,60}") {
        let _ = expand(&one, &lookup);
        let (one, two) = (DatabaseUrl::new(one), DatabaseUrl::new(two));
        one.same_database(&two, Path::new(""));
        one.redacted();
        for scheme in ["sqlite:", "postgres://", "mysql://"] {
            let one = DatabaseUrl::new(format!("{scheme}{}", one.expose()));
            one.same_database(&one, Path::new("/"));
            one.redacted();
        }
    }
}
