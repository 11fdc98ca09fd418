//! What happens to every request before its handler, outermost first: a request id, headers of
//! security, the client's address, protection against cross-site requests, and the role that the
//! route's group needs.

mod access;
mod client_address;
mod cross_site;
mod request_id;
mod security_headers;

pub use access::{require_admin, require_role, require_user};
pub use client_address::{ClientAddress, find_client_address};
pub use cross_site::refuse_cross_site;
pub use request_id::{current_request_id, number_request};
pub use security_headers::{CONTENT_SECURITY_POLICY, add_security_headers};
