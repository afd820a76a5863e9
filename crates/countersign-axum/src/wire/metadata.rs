//! What `OPTIONS` tells about an endpoint, in Django REST framework's form.

use countersign::policy::WireBodies;

use super::Answer;
use crate::exchange::{Access, Field, View};

/// Describes an endpoint.
///
/// HTML is listed although it is not rendered: clients compare the list with the original's.
pub(crate) fn describe(view: &View, bodies: WireBodies) -> Answer {
    let parses = match bodies {
        WireBodies::Drf => {
            r#""application/json","application/x-www-form-urlencoded","multipart/form-data""#
        }
        WireBodies::Strict => r#""application/json","application/x-www-form-urlencoded""#,
    };
    let mut body = format!(
        r#"{{"name":"{}","description":"{}","renders":["application/json","text/html"],"parses":[{parses}]"#,
        view.name, view.description,
    );
    if !view.fields.is_empty() {
        let fields: Vec<String> = view.fields.iter().map(field).collect();
        body.push_str(r#","actions":{"POST":{"#);
        body.push_str(&fields.join(","));
        body.push_str("}}");
    }
    body.push('}');
    Answer::ok(body)
}

fn field(field: &Field) -> String {
    let (required, read_only) = match field.access {
        Access::Submitted => ("true", "false"),
        Access::Answered => ("false", "true"),
    };
    format!(
        r#""{}":{{"type":"string","required":{required},"read_only":{read_only},"label":"{}"}}"#,
        field.name, field.label,
    )
}
