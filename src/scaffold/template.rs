//! The template language: `{{ name }}`, and lines that vanish.
//!
//! A line whose placeholders are all empty is left out, so that a template lists every header key and a
//! file has those that say something. A value of several lines repeats what stands before it, so that a
//! comment stays a comment. A placeholder that does not exist is an error: a misspelt one would
//! otherwise end up in every revision.

use super::Error;

/// Fills in a template.
pub(super) fn render(template: &str, values: &[(&'static str, &str)]) -> Result<String, Error> {
    let mut out = String::with_capacity(template.len());
    for (index, line) in template.split_inclusive('\n').enumerate() {
        render_line(line, index + 1, values, &mut out)?;
    }
    Ok(out)
}

fn render_line(
    line: &str,
    number: usize,
    values: &[(&'static str, &str)],
    out: &mut String,
) -> Result<(), Error> {
    let start = out.len();
    let mut rest = line;
    let mut placeholders = 0;
    let mut filled = 0;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}").unwrap_or((after.trim_end(), ""));
        let name = name.trim();
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            let known = values.iter().map(|(known, _)| *known).collect();
            return Err(Error::Placeholder {
                path: None,
                line: number,
                found: name.to_owned(),
                known,
            });
        };
        out.push_str(before);
        placeholders += 1;
        filled += usize::from(!value.is_empty());
        let prefix = out[start..].to_owned();
        for (index, part) in value.lines().enumerate() {
            if index > 0 {
                out.push('\n');
                out.push_str(&prefix);
            }
            out.push_str(part);
        }
        rest = tail;
    }
    if placeholders > 0 && filled == 0 {
        out.truncate(start);
    } else {
        out.push_str(rest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &str) -> String {
        render(template, &[("a", "one"), ("b", ""), ("c", "x\ny\n\nz")]).unwrap()
    }

    #[test]
    fn fills_in() {
        assert_eq!(text("-- {{ a }}\n"), "-- one\n");
        assert_eq!(text("-- {{a}}, {{ a }}!"), "-- one, one!");
        assert_eq!(text("no placeholder }} {\n\n"), "no placeholder }} {\n\n");
    }

    #[test]
    fn leaves_out_lines_that_say_nothing() {
        assert_eq!(text("-- k: {{ b }}\n-- l: {{ a }}\n"), "-- l: one\n");
        assert_eq!(text("-- k: {{ b }}{{ a }}\n"), "-- k: one\n");
        assert_eq!(text("-- k: {{ b }}"), "");
    }

    #[test]
    fn repeats_the_prefix_for_several_lines() {
        assert_eq!(text("-- {{ c }}.\n"), "-- x\n-- y\n-- \n-- z.\n");
    }

    #[test]
    fn names_an_unknown_placeholder() {
        let error = render("\n{{ mesage }}", &[("message", "m"), ("id", "")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`template`:2: unknown placeholder `{{ mesage }}`; known are `message`, `id`; correct it and run the command again"
        );
        assert!(render("{{ open", &[("open", "o")]).is_ok());
        assert!(render("{{ }}", &[("open", "o")]).is_err());
    }
}
