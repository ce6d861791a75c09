//! The head of a request as it is written, made again from what the HTTP library has read of it.

use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::{Request, Version};

/// The head of a request, target and version in their plainest form.
///
/// Header fields that speak of a body are left out: there is none, or it was read.
pub(crate) fn head_of<B>(request: &Request<B>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let version = if request.version() == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let mut head = format!("{} {target} {version}\r\n", request.method()).into_bytes();
    for (name, value) in request.headers() {
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_transport::server::{Parsed, parse};

    #[test]
    fn a_head_that_was_read_is_written_as_it_came_but_for_what_means_the_same() {
        let request = Request::get("http://host/poll?after=1#end")
            .header("Host", "a")
            .header("X", "\u{e4}")
            .header("X", "")
            .header("content-length", "00")
            .body(())
            .unwrap();
        let head = head_of(&request);
        let text = "GET /poll?after=1 HTTP/1.1\r\nhost: a\r\nx: \u{e4}\r\nx: \r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&head), text);
        let read = parse(&head, |head| (head.path == "/poll", head.has_body()));
        assert!(matches!(read, Parsed::Complete((true, false), size) if size == head.len()));
    }
}
