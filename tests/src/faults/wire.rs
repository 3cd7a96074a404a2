//! DynamoDB's own forms of refusing, in its JSON protocol (AWS JSON 1.0).

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Fault;

/// Namespace of DynamoDB's exceptions.
const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";
/// Namespace of those that are AWS's in general.
const CORAL: &str = "com.amazon.coral.availability";

/// What DynamoDB answers where this fault is one that it tells, to a request with this body; about what, if it is told of an
/// item.
pub(super) fn refusal(fault: Fault, request: &Value, about: Option<&str>) -> Option<Response<Body>> {
    let (status, namespace, exception) = match fault {
        Fault::ItemConflict => return Some(cancelled(request, about, "TransactionConflict")),
        Fault::ItemThrottled => return Some(cancelled(request, about, "ThrottlingError")),
        Fault::ItemOverCapacity => return Some(cancelled(request, about, "ProvisionedThroughputExceeded")),
        Fault::InProgress => (StatusCode::BAD_REQUEST, DYNAMODB, "TransactionInProgressException"),
        Fault::OverCapacity => (StatusCode::BAD_REQUEST, DYNAMODB, "ProvisionedThroughputExceededException"),
        Fault::Throttled => (StatusCode::BAD_REQUEST, CORAL, "ThrottlingException"),
        Fault::Failed | Fault::FailedAfter => {
            (StatusCode::INTERNAL_SERVER_ERROR, DYNAMODB, "InternalServerError")
        }
        _ => return None,
    };
    let body = json!({"__type": format!("{namespace}#{exception}"), "message": "injected by a test"});
    Some(answer(status, &body))
}

/// Cancelled because of the last item that it is about, or of the last; the reasons stand in the order of the items, one for
/// each.
fn cancelled(request: &Value, about: Option<&str>, reason: &str) -> Response<Body> {
    let items = request["TransactItems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let at = about.and_then(|about| items.iter().rposition(|item| item.to_string().contains(about)));
    let at = at.unwrap_or(items.len().saturating_sub(1));
    let mut reasons = vec![json!({"Code": "None"}); items.len()];
    reasons[at] = json!({"Code": reason, "Message": "injected by a test"});
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": format!("{DYNAMODB}#TransactionCanceledException"),
        "Message": message,
        "CancellationReasons": reasons,
    });
    answer(StatusCode::BAD_REQUEST, &body)
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Takes keys out of a read, as if DynamoDB had not come to them, and returns those of a batch by table. The tables
/// are gone through by their names: the idempotency records are read first and the counts last, which is the order in
/// which a commit in between does most harm.
pub(super) fn hold_back(fault: Fault, request: &mut Value) -> Map<String, Value> {
    let Some(tables) = request.get_mut("RequestItems").and_then(Value::as_object_mut) else {
        request["Limit"] = json!(1);
        return Map::new();
    };
    let mut names: Vec<String> = tables.keys().cloned().collect();
    names.sort();
    let read = if fault == Fault::AllUnread { 0 } else { 1 };
    names.into_iter().skip(read).filter_map(|name| tables.remove_entry(&name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_held_back_by_table() {
        let request = json!({"RequestItems": {"b": {"Keys": [2]}, "a": {"Keys": [1]}}});
        let mut some = request.clone();
        assert_eq!(json!(hold_back(Fault::SomeUnread, &mut some)), json!({"b": {"Keys": [2]}}));
        assert_eq!(some, json!({"RequestItems": {"a": {"Keys": [1]}}}));
        let mut all = request.clone();
        assert_eq!(json!(hold_back(Fault::AllUnread, &mut all)), request["RequestItems"]);
    }
}
