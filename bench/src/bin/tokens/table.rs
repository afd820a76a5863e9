//! The figures as Markdown.

use countersign_bench::claims::Size;
use countersign_bench::contest::Outcome;
use countersign_bench::spread::Spread;
use countersign_token::Algorithm;

use crate::{AT_HAND, FLOOR, JSONWEBTOKEN, JWT_SIMPLE, OURS, PRIMITIVE, PYJWT};

/// What is done with a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Verify,
    Sign,
}

/// One contest.
pub struct Row {
    algorithm: Algorithm,
    size: Size,
    operation: Operation,
    cells: Vec<String>,
    faster: Vec<String>,
}

/// All contests so far.
#[derive(Default)]
pub struct Tables {
    rows: Vec<Row>,
}

impl Row {
    pub fn new(
        algorithm: Algorithm,
        size: Size,
        operation: Operation,
        outcome: &Outcome<'_>,
    ) -> Self {
        let ratios = operation.columns().iter();
        let ratios = ratios.map(|name| cell(outcome.ratio(name, FLOOR), 2));
        Self {
            algorithm,
            size,
            operation,
            cells: [cell(outcome.time(FLOOR), 0)]
                .into_iter()
                .chain(ratios)
                .collect(),
            faster: PEERS
                .iter()
                .filter_map(|peer| Some((peer, outcome.ratio(OURS, peer)?)))
                .filter(|(_, ratio)| ratio.median > 1.0)
                .map(|(peer, ratio)| format!("ours takes {ratio:.3} of {peer}'s time"))
                .collect(),
        }
    }

    fn title(&self) -> String {
        format!(
            "{} {} {:?}",
            self.algorithm,
            self.operation.name(),
            self.size
        )
        .to_lowercase()
    }
}

impl Tables {
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn print(&self) {
        for operation in [Operation::Verify, Operation::Sign] {
            for size in Size::ALL {
                self.print_table(operation, size);
            }
        }
        println!("\nRows in which a library beside ours was faster:");
        for row in &self.rows {
            for faster in &row.faster {
                println!("- {}: {faster}", row.title());
            }
        }
    }

    fn print_table(&self, operation: Operation, size: Size) {
        let bytes = size.claims_set().to_json().len();
        println!("\n**{}**, {bytes} bytes of claims:\n", operation.name());
        let columns = operation.columns();
        println!("| | floor, ns | {} |", columns.join(" | "));
        println!("|---|---{}|", "|---".repeat(columns.len()));
        let wanted = |row: &&Row| row.operation == operation && row.size == size;
        for row in self.rows.iter().filter(wanted) {
            println!("| {} | {} |", row.algorithm, row.cells.join(" | "));
        }
    }
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Verify => "Verify",
            Self::Sign => "Sign",
        }
    }

    /// Who is compared with the floor.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Verify => &[PRIMITIVE, OURS, JSONWEBTOKEN, JWT_SIMPLE, PYJWT],
            Self::Sign => &[PRIMITIVE, AT_HAND, OURS, JSONWEBTOKEN, JWT_SIMPLE, PYJWT],
        }
    }
}

/// Empty for who did not take part.
fn cell(figure: Option<Spread>, digits: usize) -> String {
    figure.map_or_else(String::new, |figure| format!("{figure:.digits$}"))
}

const PEERS: [&str; 3] = [JSONWEBTOKEN, JWT_SIMPLE, PYJWT];
