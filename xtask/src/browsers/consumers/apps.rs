//! The consumers: which example, with which versions, and how it is opened.

use super::versions::Pins;

/// An app of `examples/`, in one set of versions.
#[derive(Debug)]
pub struct App {
    /// What it is called in the tests.
    pub name: &'static str,
    /// Its folder below `examples/`.
    pub folder: &'static str,
    /// What it takes in an older version.
    pub pins: Pins<'static>,
    /// How it is run.
    pub kind: Kind,
}

impl App {
    /// Whether its elements are in the HTML that a server sends, and come to life when the page hydrates.
    #[must_use]
    pub fn is_rendered(&self) -> bool {
        ["next", "sveltekit"].contains(&self.folder)
    }
}

/// How an app is run.
#[derive(Debug)]
pub enum Kind {
    /// `npm run build`, and what its tool serves.
    Bundled {
        /// Where the build leaves what browsers get.
        output: &'static str,
        /// The flags of `npm run dev --`, up to the port, where the tool has a dev server. It is to listen on loopback
        /// alone.
        dev: Option<&'static str>,
        /// Whether the built app has a server of its own, `npm run start`, of the same flags; else any static server
        /// will do.
        server: bool,
    },
    /// A page without npm, which loads the package from a CDN: another origin.
    Page,
    /// `npm run upload -- FILE ENDPOINT`.
    Script,
}

const PORT: Option<&str> = Some("--port=");

const VITE: Kind = bundled("dist", PORT, false);

const fn bundled(output: &'static str, dev: Option<&'static str>, server: bool) -> Kind {
    Kind::Bundled { output, dev, server }
}

const VITE_7: Pins<'static> =
    &[("vite", "vite@7"), ("@vitejs/plugin-react", "@vitejs/plugin-react@5"), ("typescript", "typescript@5")];

const VITE_6: Pins<'static> = &[("vite", "vite@6"), ("typescript", "typescript@5")];
const VITE_5: Pins<'static> = &[("vite", "vite@5"), ("typescript", "typescript@5")];

/// All of them, those that take longest first.
pub const APPS: &[App] = &[
    App {
        name: "next",
        folder: "next",
        pins: &[],
        kind: bundled(".next/static", Some("--hostname=localhost --port="), true),
    },
    App { name: "parcel", folder: "parcel", pins: &[], kind: bundled("dist", Some("--host=localhost --port="), false) },
    App { name: "vite 7, react-ts", folder: "vite-react-ts", pins: VITE_7, kind: VITE },
    App { name: "vite 7, vanilla-ts", folder: "vite-vanilla-ts", pins: VITE_7, kind: VITE },
    App { name: "vite 6, vanilla-ts", folder: "vite-vanilla-ts", pins: VITE_6, kind: VITE },
    App { name: "vite 5, vanilla-ts", folder: "vite-vanilla-ts", pins: VITE_5, kind: VITE },
    App { name: "vite 8, react-ts", folder: "vite-react-ts", pins: &[], kind: VITE },
    App { name: "vite 8, vanilla-ts", folder: "vite-vanilla-ts", pins: &[], kind: VITE },
    App { name: "webpack 5", folder: "webpack", pins: &[], kind: bundled("public", PORT, false) },
    App { name: "sveltekit", folder: "sveltekit", pins: &[], kind: bundled("build", PORT, false) },
    App { name: "svelte 5", folder: "svelte", pins: &[], kind: VITE },
    App { name: "vue 3", folder: "vue", pins: &[], kind: VITE },
    App { name: "worker, vite 8", folder: "worker", pins: &[], kind: VITE },
    App { name: "esbuild", folder: "esbuild", pins: &[], kind: bundled("public", Some("--serve=localhost:"), false) },
    App { name: "rollup", folder: "rollup", pins: &[], kind: bundled("public", None, false) },
    App { name: "cdn", folder: "cdn", pins: &[], kind: Kind::Page },
    App { name: "node", folder: "node", pins: &[], kind: Kind::Script },
];
