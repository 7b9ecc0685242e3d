//! The static pages.

use reqwest::header::HeaderMap;

use crate::server::{Folder, start};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

#[tokio::test]
async fn pages_and_the_package_are_served_with_their_headers() {
    let (www, pkg) = (Folder::new("www"), Folder::new("pkg"));
    std::fs::create_dir(www.0.join("demo")).unwrap();
    for (folder, name) in [
        (&www, "index.html"),
        (&www, "demo/page.js"),
        (&www, "demo.css"),
        (&pkg, "partway.js"),
        (&pkg, "partway_wasm_bg.wasm"),
    ] {
        std::fs::write(folder.0.join(name), name).unwrap();
    }
    std::fs::write(www.0.parent().unwrap().join("partway-outside"), "outside").unwrap();
    let server = start(&["--www", www.text(), "--pkg", pkg.text()]).await;
    let get = async |path: &str| server.client.get(format!("{}{path}", server.url)).send().await.unwrap();
    let common = |headers: &HeaderMap| {
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    };
    for (path, kind, content) in [
        ("/", "text/html; charset=utf-8", "index.html"),
        ("/index.html", "text/html; charset=utf-8", "index.html"),
        ("/demo/page.js", "text/javascript", "demo/page.js"),
        ("/demo.css", "text/css", "demo.css"),
        ("/pkg/partway.js", "text/javascript", "partway.js"),
        ("/pkg/partway_wasm_bg.wasm", "application/wasm", "partway_wasm_bg.wasm"),
    ] {
        let response = get(path).await;
        assert_eq!((response.status().as_u16(), path), (200, path));
        common(response.headers());
        assert_eq!(response.headers()["content-type"], kind);
        let policy = response.headers().get("content-security-policy").map(|policy| policy.to_str().unwrap());
        assert_eq!(policy, kind.starts_with("text/html").then_some(POLICY));
        assert_eq!(response.text().await.unwrap(), content);
    }
    for path in ["/none", "/pkg/none", "/demo/../../x", "/pkg/index.html"] {
        let response = get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        common(response.headers());
    }
    for path in [
        "/../partway-outside",
        "/..%2fpartway-outside",
        "/%2e%2e/partway-outside",
        "/demo/..%2f..%2fpartway-outside",
        "/pkg/../../partway-outside",
        "/..%5cpartway-outside",
        "/%00",
    ] {
        let answer = server.raw(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 40") && !answer.contains("outside"), "{answer}");
    }
    // Nothing hidden, and nothing that is in the folder by a link only.
    let outside = Folder::new("www-outside");
    std::fs::write(outside.0.join("index.html"), "secret").unwrap();
    std::fs::create_dir(www.0.join(".git")).unwrap();
    std::fs::create_dir(www.0.join("linked-index")).unwrap();
    for hidden in [".env", ".git/config", "demo/.htpasswd"] {
        std::fs::write(www.0.join(hidden), "secret").unwrap();
    }
    #[cfg(unix)]
    for (target, link) in [
        (outside.0.join("index.html"), "linked.html"),
        (outside.0.clone(), "linked-folder"),
        (outside.0.join("index.html"), "linked-index/index.html"),
        (www.0.join(".env"), "linked-hidden"),
        (www.0.join("demo.css"), "inside.css"),
    ] {
        std::os::unix::fs::symlink(target, www.0.join(link)).unwrap();
    }
    for path in [
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/%2Egit/config",
        "/demo/.htpasswd",
        "/linked.html",
        "/linked-folder/",
        "/linked-folder/index.html",
        "/linked-index/",
        "/linked-hidden",
    ] {
        let response = get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        common(response.headers());
        assert!(!response.text().await.unwrap().contains("secret"), "{path}");
    }
    assert_eq!(get("/inside.css").await.text().await.unwrap(), "demo.css");
    // Whatever can be opened as a page has the policy.
    for name in ["a.svg", "a.xhtml", "a.xml", "a.htm", "a.pdf", "a.unknown", "a"] {
        std::fs::write(www.0.join(name), "<x/>").unwrap();
        let response = get(&format!("/{name}")).await;
        let policy = response.headers().get("content-security-policy").map(|policy| policy.to_str().unwrap());
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(policy, (kind != "application/octet-stream").then_some(POLICY), "{name}: {kind}");
    }
    let _ = std::fs::remove_file(www.0.parent().unwrap().join("partway-outside"));
    // The API is the API also where pages are served.
    assert_eq!(get("/v1/buckets").await.status(), 401);
    assert_eq!(get("/v1/index.html").await.status(), 404);
}
