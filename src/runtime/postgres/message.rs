//! Several statements in one message, and which of them an error is about.
//!
//! The server parses a message as a whole, then runs statement after statement and says *complete*
//! after each; so the one that failed is the one after the last completion. What it cannot parse it
//! refuses before the first, and says where in the message.

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Something of ours; the text completes *failed to*.
    Ours(&'static str),
    /// Proves that the lock is still held: fails with a division by zero.
    Lock,
    /// Changes the tracking table: fails with a division by zero if it is not one row.
    Row(&'static str),
    /// A statement of the revision.
    Statement(usize),
    /// Checks what would be checked when the transaction ends.
    Deferred,
    /// Ends the transaction.
    Commit,
}

/// A message in the making.
#[derive(Debug, Default)]
pub(super) struct Message {
    sql: String,
    /// What the statements are for, and where in the text each begins.
    parts: Vec<(Part, usize)>,
}

impl Message {
    pub(super) fn push(&mut self, part: Part, sql: &str) {
        if !self.sql.is_empty() {
            // A line of its own: a statement may end in a comment.
            self.sql.push_str("\n;\n");
        }
        self.parts.push((part, self.sql.len()));
        self.sql.push_str(sql);
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(super) fn part(&self, index: usize) -> Option<Part> {
        self.parts.get(index).map(|(part, _)| *part)
    }

    /// Which part an error is about, and the byte inside it, given how many were completed and the
    /// character that the server points at.
    pub(super) fn place(&self, completed: usize, position: Option<usize>) -> (Part, usize) {
        let offset = position
            .and_then(|position| self.sql.char_indices().nth(position).map(|(offset, _)| offset));
        // A message that cannot be parsed fails before its first statement, wherever the mistake is.
        let of_offset = offset.and_then(|offset| {
            let index = self.parts.partition_point(|(_, start)| *start <= offset).checked_sub(1)?;
            let inside = offset - self.parts[index].1;
            (index == completed || completed == 0).then_some((self.parts[index].0, inside))
        });
        of_offset.unwrap_or_else(|| {
            let last = self.parts.last().map_or(Part::Commit, |(part, _)| *part);
            (self.part(completed).unwrap_or(last), 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_placed_by_completions_and_by_position() {
        let mut message = Message::default();
        message.push(Part::Ours("begin"), "BEGIN");
        message.push(Part::Statement(0), "SELECT 'ä' -- the end");
        message.push(Part::Statement(1), "SELEKT 1");
        assert_eq!(message.sql(), "BEGIN\n;\nSELECT 'ä' -- the end\n;\nSELEKT 1");
        assert_eq!(message.place(1, None), (Part::Statement(0), 0));
        assert_eq!(message.place(2, None), (Part::Statement(1), 0));
        let at = message.sql().chars().position(|c| c == 'K').unwrap();
        assert_eq!(message.place(0, Some(at)), (Part::Statement(1), 4));
        // A position that belongs to another statement than the one that failed is of no use.
        assert_eq!(message.place(1, Some(at)), (Part::Statement(0), 0));
        assert_eq!(message.place(0, Some(1_000)), (Part::Ours("begin"), 0));
        assert_eq!(message.place(9, None), (Part::Statement(1), 0));
    }
}
