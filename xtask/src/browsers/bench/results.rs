//! What was measured: one record for each figure of one who raced in a row.
use serde_json::{Value, json};

/// The figure of who did not get through a row with faults: a 1 for each such run.
pub const GIVEN_UP: &str = "given up";

/// All records, in the order of their rows.
#[derive(Clone, Debug, Default)]
pub struct Results(pub Vec<Record>);

/// The runs of one figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The row's name.
    pub row: String,
    /// Who raced.
    pub who: String,
    /// What was measured.
    pub figure: String,
    /// In what.
    pub unit: String,
    /// What each run gave.
    pub runs: Vec<f64>,
}

impl Record {
    /// The middle of the runs.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut sorted = self.runs.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.get(sorted.len() / 2));
        low.zip(high).map_or(f64::NAN, |(low, high)| low.midpoint(*high))
    }

    /// The least and the most of the runs.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let least = self.runs.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.runs.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    fn is(&self, row: &str, who: &str, figure: &str) -> bool {
        (self.row.as_str(), self.who.as_str(), self.figure.as_str()) == (row, who, figure)
    }
}

impl Results {
    /// Adds a run.
    pub fn add(&mut self, row: &str, who: &str, figure: &str, unit: &str, value: f64) {
        if let Some(record) = self.0.iter_mut().find(|record| record.is(row, who, figure)) {
            record.runs.push(value);
            return;
        }
        let [row, who, figure, unit] = [row, who, figure, unit].map(str::to_owned);
        self.0.push(Record { row, who, figure, unit, runs: vec![value] });
    }

    /// The record of a figure.
    #[must_use]
    pub fn find(&self, row: &str, who: &str, figure: &str) -> Option<&Record> {
        self.0.iter().find(|record| record.is(row, who, figure))
    }

    /// How fast somebody was beside the limit of the same row; more is faster, in whatever is measured.
    #[must_use]
    pub fn ratio(&self, record: &Record) -> Option<f64> {
        let limit = self.find(&record.row, "limit", &record.figure)?.median();
        let ratio = match record.figure.as_str() {
            "throughput" => record.median() / limit,
            "time" => limit / record.median(),
            _ => return None,
        };
        ratio.is_finite().then_some(ratio)
    }

    /// Names the fastest of the hand-written loops in a row the limit. `figure` is what is compared.
    pub fn set_limit(&mut self, row: &str, figure: &str) {
        let loops = self.0.iter().filter(|record| record.row == row && record.who.starts_with("limit:"));
        let speed = |record: &&Record| if figure == "time" { -record.median() } else { record.median() };
        let best = loops.clone().filter(|record| record.figure == figure);
        let Some(best) = best.max_by(|a, b| speed(a).total_cmp(&speed(b))).map(|record| record.who.clone()) else {
            return;
        };
        let of_best = self.0.iter().filter(|record| record.row == row && record.who == best);
        let limit: Vec<_> = of_best.map(|record| Record { who: "limit".to_owned(), ..record.clone() }).collect();
        self.0.retain(|record| record.row != row || record.who != "limit");
        self.0.extend(limit);
    }

    /// `[{row, who, figure, unit, median, min, max, runs}]`, a record a line.
    #[must_use]
    pub fn json(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|record| format!("  {}", record.json())).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    }
}

impl Record {
    fn json(&self) -> Value {
        let (min, max) = self.range();
        json!({
            "row": self.row,
            "who": self.who,
            "figure": self.figure,
            "unit": self.unit,
            "median": rounded(self.median()),
            "min": rounded(min),
            "max": rounded(max),
            "runs": self.runs.len(),
        })
    }
}

/// Four digits tell all that a run on a shared machine knows.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    let scale = 10_f64.powf(3.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let mut results = Results::default();
        for (who, values) in
            [("limit: a", [3.0, 1.0, 2.0]), ("limit: b", [4.0, 4.0, 1.0]), ("partway", [2.0, 3.0, 9.0])]
        {
            for value in values {
                results.add("row", who, "throughput", "MB/s", value);
            }
        }
        results
    }

    #[test]
    fn the_limit_is_the_loop_with_the_best_median() {
        let mut results = results();
        results.set_limit("row", "throughput");
        results.set_limit("row", "throughput");
        let limit = results.find("row", "limit", "throughput").unwrap();
        assert_eq!((limit.median(), limit.range()), (4.0, (1.0, 4.0)));
        assert_eq!(results.ratio(results.find("row", "partway", "throughput").unwrap()), Some(0.75));
        assert_eq!(results.0.iter().filter(|record| record.who == "limit").count(), 1);
    }

    #[test]
    fn of_times_the_shortest_is_the_limit_and_a_longer_one_is_slower() {
        let mut results = Results::default();
        for (who, seconds) in [("limit: a", 3.0), ("limit: b", 2.0), ("partway", 4.0)] {
            results.add("row", who, "time", "s", seconds);
        }
        results.set_limit("row", "time");
        assert_eq!(results.ratio(results.find("row", "partway", "time").unwrap()), Some(0.5));
    }

    #[test]
    fn results_are_written_with_what_they_are_of() {
        let text = results().json();
        let read: Vec<Value> = serde_json::from_str(&text).unwrap();
        let first = json!({
            "row": "row", "who": "limit: a", "figure": "throughput", "unit": "MB/s",
            "median": 2.0, "min": 1.0, "max": 3.0, "runs": 3,
        });
        assert_eq!(read.first(), Some(&first));
        assert_eq!((rounded(1234.56), rounded(0.012_345), rounded(0.0)), (1235.0, 0.01235, 0.0));
    }
}
