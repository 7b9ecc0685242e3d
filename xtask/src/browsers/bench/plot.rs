//! `bench.svg`: how fast each was beside the best hand-written loop, as bars. It follows the reader's light or dark.
use std::fmt::Write as _;

use super::results::Results;

/// Who is drawn, and in which class of colour.
const DRAWN: [(&str, &str); 6] = [
    ("partway", "own"),
    ("uppy", "peer"),
    ("uppy5", "peer"),
    ("tus", "peer"),
    ("lib-storage", "peer"),
    ("upchunk", "peer"),
];
const WIDTH: f64 = 760.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 60.0;
const BAR: f64 = 16.0;
const GAP: f64 = 40.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1b1f24}.row{font-weight:600}.own{fill:#0a66c2}\
    .peer{fill:#9aa4af}.limit{stroke:#b42318;stroke-dasharray:4 3}.ground{fill:#fff}\
    .ratio{stroke:#fff;stroke-width:4px;paint-order:stroke}\
    @media(prefers-color-scheme:dark){text{fill:#e6e9ec}.own{fill:#58a6ff}.peer{fill:#5b6570}\
    .limit{stroke:#ff7b72}.ground{fill:#12161b}.ratio{stroke:#12161b}}";

/// Draws the rows that have a limit. Others are not drawn beside files that count by their number: theirs is another
/// protocol, with fewer requests for each.
#[must_use]
pub fn svg(results: &Results) -> String {
    let mut rows: Vec<&str> = Vec::new();
    for record in results.0.iter().filter(|record| record.who == "limit" && record.figure == "throughput") {
        if !rows.contains(&record.row.as_str()) {
            rows.push(&record.row);
        }
    }
    let ratio = |row: &str, who: &str| {
        // Of who is only raced by its defaults in a row, those are what it can do there.
        let defaults = || results.find(row, &format!("{who}-defaults"), "throughput");
        let record = results.find(row, who, "throughput").or_else(defaults)?;
        results.ratio(record).filter(|_| who == "partway" || record.unit == "MB/s")
    };
    let all = rows.iter().flat_map(|row| DRAWN.iter().filter_map(|(who, _)| ratio(row, who)));
    let most = all.fold(1.1, f64::max);
    let at = |ratio: f64| LEFT + (WIDTH - LEFT - RIGHT) * ratio / most;
    let (mut bars, mut texts, mut top) = (String::new(), String::new(), 30.0);
    for row in &rows {
        // Writing into a text cannot fail.
        let _ = writeln!(texts, "<text class=\"row\" x=\"10\" y=\"{top}\">{}</text>", escaped(row));
        top += 8.0;
        for (who, class) in DRAWN {
            let Some(ratio) = ratio(row, who) else { continue };
            let (end, text, name, tall) = (at(ratio), top + 12.5, LEFT - 8.0, BAR - 3.0);
            let _ = writeln!(
                bars,
                "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{tall}\" rx=\"2\"/>",
                end - LEFT,
            );
            let _ = writeln!(
                texts,
                "<text x=\"{name}\" y=\"{text}\" text-anchor=\"end\">{who}</text>\
                 <text class=\"ratio\" x=\"{:.1}\" y=\"{text}\">{ratio:.2}</text>",
                end + 6.0,
            );
            top += BAR;
        }
        top += GAP - BAR;
    }
    let limit = at(1.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" height=\"{top}\" \
         role=\"img\" aria-label=\"Throughput of each uploader as a share of the best hand-written loop\">\n\
         <style>{STYLE}</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n{bars}\
         <line class=\"limit\" x1=\"{limit:.1}\" x2=\"{limit:.1}\" y1=\"16\" y2=\"{:.1}\"/>\n{texts}\
         <text x=\"{limit:.1}\" y=\"12\" text-anchor=\"middle\">1.00: the best hand-written loop</text>\n</svg>\n",
        top - GAP / 2.0,
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_drawn_for_each_and_none_for_who_is_missing() {
        let mut results = Results::default();
        results.add("a < b", "limit: xhr", "throughput", "MB/s", 100.0);
        results.add("a < b", "partway", "throughput", "MB/s", 50.0);
        results.set_limit("a < b", "throughput");
        let svg = svg(&results);
        assert!(svg.contains("a &lt; b") && svg.contains(">0.50<") && svg.contains("prefers-color-scheme"));
        assert_eq!(svg.matches("<rect class=\"own\"").count(), 1);
        assert_eq!(svg.matches("<rect class=\"peer\"").count(), 0);
    }
}
