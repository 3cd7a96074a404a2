//! Answers that are the same for everybody, read once for all who ask at the same time, and kept for a moment.
//!
//! Only for routes that never look at who asks: an answer is found by the request's path and parameters alone, so nothing
//! that depends on a caller may be answered under this layer. A request with a consistency token, or with
//! `Cache-Control: no-cache`, is read for by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contracts::consistency::HEADER;
use moka::Expiry;
use moka::future::Cache;
use platform::Problem;

/// Age up to which an answer is given again, counted from before it was read: a hundred callers a second of one SKU cost
/// four reads, and nobody notices a quarter of a second.
const MAX_AGE: Duration = Duration::from_millis(250);
/// Most bytes of answers that are kept: some ten thousand single ones.
const MAX_KEPT_BYTES: u64 = 32 * 1024 * 1024;
/// Largest answer that is put together here, in bytes: a page has some tens of kilobytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Seconds for which a shared cache may give an answer again: about as long as a change is on its way here anyway.
const PUBLIC_MAX_AGE: u32 = 2;
/// Seconds for which a shared cache may go on giving it while it fetches a newer one: nobody waits, and who looks a little
/// later sees the newer one.
const PUBLIC_WHILE_REVALIDATE: u32 = 10;

/// The answers of the last moment, and those that are being read. Behind one pointer: it is copied for every request.
#[derive(Clone)]
pub(super) struct Shared(Arc<Cache<String, Kept>>);

/// One answer.
#[derive(Clone)]
struct Kept {
    read_at: Instant,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Kept {
    /// Whether it is new enough for who came then.
    fn is_good(&self, arrived: Instant) -> bool {
        arrived.saturating_duration_since(self.read_at) <= MAX_AGE
    }

    async fn of(response: Response, read_at: Instant) -> Self {
        let (parts, body) = response.into_parts();
        match to_bytes(body, MAX_ANSWER_BYTES).await {
            Ok(body) => Self { read_at, status: parts.status, headers: parts.headers, body },
            Err(error) => {
                tracing::error!(%error, "an answer is too large to be shared");
                Box::pin(Self::of(Problem::internal().into_response(), read_at)).await
            }
        }
    }
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Counts an answer's age from before it was read.
struct SinceRead;

impl Expiry<String, Kept> for SinceRead {
    fn expire_after_create(&self, _: &String, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(MAX_AGE.saturating_sub(kept.read_at.elapsed()))
    }
}

impl Shared {
    pub(super) fn new() -> Self {
        let weight =
            |key: &String, kept: &Kept| u32::try_from(key.len() + kept.body.len()).unwrap_or(u32::MAX);
        let cache =
            Cache::builder().max_capacity(MAX_KEPT_BYTES).weigher(weight).expire_after(SinceRead).build();
        Self(Arc::new(cache))
    }

    async fn get(&self, request: Request, next: Next) -> Response {
        let arrived = Instant::now();
        let question = request.uri().path_and_query().map_or("/", |question| question.as_str()).to_owned();
        // For most of those who ask, the request need not be copied.
        if let Some(kept) = self.0.get(&question).await.filter(|kept| kept.is_good(arrived)) {
            return kept.into_response();
        }
        let (parts, _) = request.into_parts();
        loop {
            let (request, next) = (Request::from_parts(parts.clone(), Body::empty()), next.clone());
            // What is not 200 is told to all who wait for it, and not kept.
            let read = async move {
                let read_at = Instant::now();
                let kept = Kept::of(next.run(request).await, read_at).await;
                if kept.status == StatusCode::OK { Ok(kept) } else { Err(kept) }
            };
            match self.0.try_get_with(question.clone(), read).await {
                // A read that somebody had begun long before, and that took long. The next one begins after we came.
                Ok(kept) if !kept.is_good(arrived) => {}
                Ok(kept) => return kept.into_response(),
                Err(refused) => return Kept::clone(&refused).into_response(),
            }
        }
    }
}

/// Answers from what is kept or being read, or reads.
pub(super) async fn share(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let own = request.headers().contains_key(HEADER);
    let mut response = if own || request.method() != Method::GET || bypasses(request.headers()) {
        next.run(request).await
    } else {
        shared.get(request, next).await
    };
    let control = match response.status() {
        StatusCode::OK if own => HeaderValue::from_static("private, no-cache"),
        StatusCode::OK => public(),
        _ => HeaderValue::from_static("no-store"),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, control);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("consistency-token"));
    response
}

fn public() -> HeaderValue {
    let control =
        format!("public, max-age={PUBLIC_MAX_AGE}, stale-while-revalidate={PUBLIC_WHILE_REVALIDATE}");
    HeaderValue::try_from(control).unwrap_or(HeaderValue::from_static("no-store"))
}

/// Whether the caller wants it read anew.
fn bypasses(headers: &HeaderMap) -> bool {
    let no_cache = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("no-cache")))
    };
    headers.get_all(header::CACHE_CONTROL).iter().any(no_cache)
}

/// What one caller may see is for that caller's own cache, and asked about before every use.
pub(super) async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let control = if response.status() == StatusCode::OK { "private, no-cache" } else { "no-store" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
    let vary = HeaderValue::from_static("authorization, consistency-token");
    response.headers_mut().insert(header::VARY, vary);
    response
}
