use super::*;

fn compared(one: &str, two: &str, variables: &[(&str, &str)]) -> Sameness {
    let variables = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let here = Surroundings { base: Path::new("/app"), variables: &variables };
    let found = here.compare(one, two);
    assert_eq!(here.compare(two, one), found, "{one} and {two}, the other way round");
    found
}

#[test]
fn one_server_has_many_names() {
    for (one, two, sameness) in [
        ("postgres://a@localhost/x", "postgres://b:c@127.0.0.1:5432/x", Sameness::Same),
        ("postgres://LOCALHOST./x", "postgres://[0:0:0:0:0:0:0:1]/x", Sameness::Same),
        ("postgres://[::ffff:127.0.0.1]/x", "postgres://0.0.0.0/x", Sameness::Same),
        ("postgres://[2001:DB8::1]/x", "postgres://[2001:db8:0::1]:5432/x", Sameness::Same),
        ("postgres://h:05432/x", "postgres://h/%78?sslmode=require", Sameness::Same),
        ("postgres://h/y?dbname=x", "postgres://h/x?application_name=me", Sameness::Same),
        ("postgres://h/x?port=6000", "postgres://h:6000/x", Sameness::Same),
        ("postgres:///x?host=/run/pg/", "postgres://%2Frun%2Fpg/x", Sameness::Same),
        ("postgres:///x?host=/run/pg", "postgres://localhost/x", Sameness::Likely),
        ("postgres:///x?host=/run/pg&port=5433", "postgres://localhost/x", Sameness::Different),
        ("postgres:///x?host=/run/pg", "postgres:///x?host=/RUN/pg", Sameness::Different),
        ("postgres:///x?host=/run/pg", "postgres://db/x", Sameness::Different),
        ("mysql://a@localhost/x", "mariadb://127.0.0.1:3306/x?charset=utf8", Sameness::Same),
        ("mysql://a@h/x", "mysql://b@H/x", Sameness::Same),
        ("mysql://h/x?socket=/run/m.sock", "mysql://localhost:3307/x", Sameness::Likely),
        ("mysql://h/x?socket=/run/m.sock", "mysql://h/x", Sameness::Different),
        ("mysql://h/x", "mysql://h:5432/x", Sameness::Different),
        ("mysql://h/x", "mysql://h/y", Sameness::Different),
        ("mysql://h/x", "postgres://h:3306/x", Sameness::Different),
    ] {
        assert_eq!(compared(one, two, &[]), sameness, "{one} and {two}");
    }
}

#[test]
fn what_is_open_is_neither_the_same_nor_different() {
    let open = |text: &str| text.replace("${X}", &OPEN.to_string());
    for (one, two, sameness) in [
        ("${X}", "postgres://h/x", Sameness::Open),
        ("postgres://a:${X}@h/x", "postgres://h/x", Sameness::Same),
        ("postgres://${X}@h/x", "postgres://h/x", Sameness::Same),
        ("postgres://${X}/x", "postgres://h:6000/x", Sameness::Open),
        ("postgres://${X}/x", "postgres:///x?host=/run/pg", Sameness::Open),
        ("postgres://${X}/x", "postgres://h/y", Sameness::Different),
        ("postgres://h/${X}", "postgres://h/y", Sameness::Open),
        ("postgres://h/${X}", "postgres://g/y", Sameness::Different),
        ("mysql://h/${X}", "postgres://h/y", Sameness::Different),
        ("sqlite:${X}", "sqlite:a.db", Sameness::Open),
        ("sqlite:${X}", "postgres://h/y", Sameness::Different),
    ] {
        assert_eq!(compared(&open(one), two, &[]), sameness, "{one} and {two}");
    }
}

#[test]
fn the_driver_takes_what_is_missing_from_variables() {
    let variables = [("PGHOST", "Live"), ("PGPORT", "6000"), ("PGUSER", "me")];
    for (one, two) in [
        ("postgres:///x", "postgres://live:6000/x"),
        ("postgres://live:6000", "postgres://live:6000/me"),
    ] {
        assert_eq!(compared(one, two, &variables), Sameness::Same, "{one} and {two}");
    }
    assert_eq!(compared("mysql:///x", "mysql://localhost/x", &variables), Sameness::Same);
}
