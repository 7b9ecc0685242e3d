//! Without the feature `faults` there is no fault layer.

use reqwest::Method;
use serde_json::json;

use crate::server::{Folder, start};

#[tokio::test]
async fn a_build_without_faults_has_no_such_routes() {
    let www = Folder::new("faultless");
    for flags in [vec![], vec!["--www", www.text()]] {
        let server = start(&flags).await;
        for (method, path) in [
            (Method::GET, "/faults"),
            (Method::GET, "/faults/default"),
            (Method::GET, "/one/v1/buckets"),
            (Method::GET, "/default/v1/session/current"),
        ] {
            let response = server.client.request(method, format!("{}{path}", server.url)).send().await.unwrap();
            assert_eq!(response.status(), 404, "{path}");
        }
        let set = server.client.put(format!("{}/faults/default", server.url)).json(&json!([]));
        assert!(set.send().await.unwrap().status().is_client_error());
    }
}
