//! The table of transports: the one place that lists them.
//!
//! Scenario keys, the server's endpoints, conformance tests, chart order and colours all follow from it. Adding a
//! transport is a folder, which `lib.rs` names as a module, and a line in `transports!`.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::client::{Identity, Subscriber};
use crate::server::{Answer, Question, Refusal};
use crate::settings::{Reconnect, SettingFault, TransportSettings};

macro_rules! transports {
    ($($(#[$doc:meta])* $variant:ident = $name:literal at $path:literal in $module:ident;)*) => {
        /// A kind of transport.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        /// The settings of one transport.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum Settings {
            $($(#[$doc])* #[serde(rename = $name)] $variant(crate::$module::Settings),)*
        }

        impl Kind {
            /// Every kind, in the order of charts and tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in scenario files and results.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The path of the target's endpoint.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }

            /// The methods that the endpoint allows, as `Allow` has them.
            #[must_use]
            pub fn methods(self) -> &'static str {
                match self { $(Self::$variant => crate::$module::serve::METHODS,)* }
            }

            /// Settings with every key at its default.
            #[must_use]
            pub fn default_settings(self) -> Settings {
                match self { $(Self::$variant => Settings::$variant(crate::$module::Settings::default()),)* }
            }

            /// The JSON Schema of this kind's keys (without `kind` and `label`).
            #[must_use]
            pub fn schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Self::$variant => <crate::$module::Settings as schemars::JsonSchema>::json_schema(generator),)* }
            }
        }

        impl Settings {
            /// The kind these settings are of.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }

            /// The client half: one client, which has not begun.
            #[must_use]
            pub fn subscriber(&self, identity: Identity) -> Box<dyn Subscriber> {
                match self {
                    $(Self::$variant(settings) => Box::new(crate::$module::Subscriber::of(settings, $path, identity)),)*
                }
            }

            /// The client half that asks for answers (pattern `stream`): one client, which has not begun. On a connection it
            /// is idle until [`Subscriber::ask`], and idle again on the same one when the answer is there.
            ///
            /// It is ready as soon as it could ask. An answer's events are its parts and then its end, which
            /// [`crate::envelope::end_of`] tells from them; an answer without end is told by
            /// [`Note::CutShort`](crate::client::Note::CutShort).
            #[must_use]
            pub fn asker(&self, identity: Identity) -> Box<dyn Subscriber> {
                match self {
                    $(Self::$variant(settings) => Box::new(crate::$module::asker(settings, $path, identity)),)*
                }
            }

            /// The server half: how the question is answered. What is written first is appended to `out`.
            ///
            /// # Errors
            /// [`Refusal`] with the reason why it is not served; nothing is in `out` then.
            pub fn serve(&self, question: &Question<'_>, out: &mut Vec<u8>) -> Result<Answer, Refusal> {
                match self { $(Self::$variant(settings) => crate::$module::serve::serve(settings, question, out),)* }
            }

            fn inner(&self) -> &dyn TransportSettings {
                match self { $(Self::$variant(settings) => settings,)* }
            }
        }
    };
}

transports! {
    /// The client asks on its own clock.
    ShortPolling = "short-polling" at "/poll" in short_polling;
    /// The client asks, the server waits.
    LongPolling = "long-polling" at "/long-poll" in long_polling;
    /// One response that never ends.
    Sse = "sse" at "/sse" in sse;
    /// Messages both ways.
    WebSocket = "websocket" at "/ws" in websocket;
}

impl Kind {
    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Position in the table, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TransportSettings for Settings {
    fn faults(&self) -> Vec<SettingFault> {
        self.inner().faults()
    }

    fn poll_interval(&self) -> Option<std::time::Duration> {
        self.inner().poll_interval()
    }

    fn longest_wait(&self) -> std::time::Duration {
        self.inner().longest_wait()
    }

    fn idle_period(&self) -> std::time::Duration {
        self.inner().idle_period()
    }

    fn opens_per_client_second(&self) -> f64 {
        self.inner().opens_per_client_second()
    }

    fn reconnect(&self) -> Reconnect {
        self.inner().reconnect()
    }

    fn keeps_connection(&self) -> bool {
        self.inner().keeps_connection()
    }

    fn carries_messages(&self) -> bool {
        self.inner().carries_messages()
    }

    fn describe(&self) -> String {
        self.inner().describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Script, identity};

    #[test]
    fn every_kind_is_found_by_its_name_and_has_sensible_defaults() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
            assert_eq!(kind.index(), at);
            let settings = kind.default_settings();
            assert_eq!(settings.kind(), *kind);
            assert_eq!(settings.faults(), [], "{kind}");
            let travelled: Settings =
                serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
            assert_eq!(travelled, settings);
        }
    }

    #[test]
    fn every_kind_has_a_client_that_asks_at_its_path() {
        for kind in Kind::ALL {
            let mut client = Script::new(kind.default_settings().subscriber(identity()));
            client.connect();
            let asked = format!("GET {}?topic=all", kind.path());
            assert!(client.request_line().starts_with(&asked), "{kind}");
        }
    }

    /// What each kind is told first, by a server whose newest event is the fifth.
    fn first_reply(kind: Kind, request: &str) -> String {
        match kind {
            Kind::ShortPolling | Kind::LongPolling => {
                "HTTP/1.1 204 No Content\r\npushbench-cursor: 5\r\n\r\n".to_owned()
            }
            Kind::Sse => "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 5\n\n".to_owned(),
            Kind::WebSocket => {
                let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
                let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {accept}\r\npushbench-cursor: 5\r\n\r\n"
                )
            }
        }
    }

    #[test]
    fn every_kind_asks_for_what_it_missed_if_it_resumes_however_it_lost_its_connection() {
        use crate::client::{Closed, Step};
        /// How it loses its connection.
        type Loss = fn(&mut Script);
        let losses: [(&str, Loss); 4] = [
            ("the end", |client| assert!(matches!(client.close(Closed::Eof), Step::Open { .. }))),
            ("a reset", |client| assert!(matches!(client.close(Closed::Broken), Step::Open { .. }))),
            ("its own leaving", Script::farewell),
            ("its own leaving, to the end", |client| {
                client.farewell();
                client.close(Closed::Eof);
            }),
        ];
        for kind in Kind::ALL {
            for (resume, (what, lose)) in
                [true, false].into_iter().flat_map(|resume| losses.map(|loss| (resume, loss)))
            {
                let identity = Identity { resume, ..identity() };
                let mut client = Script::new(kind.default_settings().subscriber(identity));
                client.connect();
                let request = String::from_utf8(client.sent()).unwrap();
                assert!(!request.contains("after=") && !request.contains("Last-Event-ID"), "{request}");
                client.receive(first_reply(*kind, &request));
                client.sent();
                assert_eq!(client.seen.ready, 1, "{kind}");
                lose(&mut client);
                client.sent();
                client.connect();
                let request = String::from_utf8(client.sent()).unwrap();
                let asks = request.contains("after=5") || request.contains("Last-Event-ID: 5");
                assert_eq!(asks, resume, "{kind} after {what}: {request}");
                client.receive(first_reply(*kind, &request));
                assert_eq!(client.seen.ready, 2, "{kind} is ready again after {what}");
            }
        }
    }
}
