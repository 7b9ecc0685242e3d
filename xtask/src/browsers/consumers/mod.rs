//! The package as people install it: packed, then a dependency of fresh apps that are built, served and used in
//! Chromium.
//!
//! | module | what it is |
//! |---|---|
//! | [`apps`] | the consumers, of `examples/` |
//! | [`versions`] | what they take from npm, exactly |
//! | [`tools`] | node and npm |
//! | [`fresh`] | one app, copied and installed |
//! | [`output`] | what its build left |
//! | [`serve`] | who serves it |
//! | [`visit`] | a person at its page |
//! | [`checks`] | what others' tools say of the package |
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::{Browser, drivers::Driver, end_to_end, install::Programs, webdriver::Session};
use crate::{gateway::Gateway, tally::Tally, workspace::Workspace};

pub mod apps;
pub mod checks;
pub mod fresh;
pub mod output;
pub mod serve;
pub mod tools;
pub mod versions;
pub mod visit;

use apps::{APPS, App, Kind};
use fresh::Fresh;
use serve::{Program, Static};
use tools::Tools;
use versions::Versions;
use visit::{Picked, Visit};

/// Bytes of the file that is uploaded: two parts.
const SIZE: usize = 9_000_000;
/// Its name.
const NAME: &str = "Übersicht 9 MB.bin";
/// Apps at a time, each with a browser of its own.
const WORKERS: usize = 2;

/// Where the consumers are tried.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The repository.
    pub workspace: &'a Workspace,
    /// The gateway.
    pub gateway: &'a Gateway,
    /// Only apps and checks whose name holds this.
    pub only: &'a str,
}

/// Tries all of them, and prints a line for each way an app is run.
///
/// # Errors
/// One of them does not work as installed.
pub fn run(browser: Browser, programs: &Programs, place: &Place<'_>, tally: &mut Tally) -> Result<()> {
    let start = Instant::now();
    let folder = TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
    let versions = Versions::read(place.workspace)?;
    let tools = Tools::find(place.workspace, &versions)?;
    let pkg = place.workspace.path("pkg");
    let tarball = tools::pack(&tools, &pkg, folder.path())?;
    let wasm = fs::read(pkg.join("partway_wasm_bg.wasm")).context("pkg/ has no wasm")?;
    let file = folder.path().join(NAME);
    end_to_end::write_random(&file, SIZE)?;
    let scene = Scene {
        place,
        browser,
        folder: folder.path(),
        tools,
        versions,
        tarball,
        wasm,
        file,
        sites: Static::start()?,
        tally: Mutex::default(),
    };
    let next = AtomicUsize::new(0);
    // Without an app: the checks of the package alone.
    let jobs = [(checks::NAME, None)].into_iter().chain(APPS.iter().map(|app| (app.name, Some(app))));
    let jobs: Vec<_> = jobs.filter(|(name, _)| name.contains(place.only)).collect();
    let work = || -> Result<()> {
        let session = Session::open(Driver::start(browser, programs.clone())?)?;
        while let Some((_, app)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            app.map_or_else(|| checks::run(&scene), |app| scene.app(&session, app));
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a worker panicked")))
    })?;
    let sum = *scene.tally.lock().unwrap_or_else(PoisonError::into_inner);
    *tally += sum;
    drop(scene);
    folder.close().context("cannot remove the temporary folder")?;
    println!("{browser}: consumers took {:.0} s", start.elapsed().as_secs_f64());
    ensure!(sum.passed > 0, "no consumer's name holds {}", place.only);
    ensure!(sum.failed == 0, "{} of {} checks of the installed package failed", sum.failed, sum.passed + sum.failed);
    Ok(())
}

struct Scene<'a> {
    place: &'a Place<'a>,
    browser: Browser,
    folder: &'a Path,
    tools: Tools,
    versions: Versions,
    tarball: PathBuf,
    wasm: Vec<u8>,
    file: PathBuf,
    sites: Static,
    tally: Mutex<Tally>,
}

impl Scene<'_> {
    /// Does one thing with an app, prints a line and counts it. Its failure ends nothing else.
    fn check<T>(&self, app: &str, mode: &str, act: impl FnOnce() -> Result<T>) -> Option<T> {
        let start = Instant::now();
        let result = act();
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).count(result.is_ok());
        let millis = start.elapsed().as_millis();
        let told = match &result {
            Ok(_) => format!("ok ({millis} ms)"),
            Err(error) => format!("FAILED ({millis} ms)\n    {}", format!("{error:#}").replace('\n', "\n    ")),
        };
        println!("{}: {app}, {mode} ... {told}", self.browser);
        result.ok()
    }

    fn app(&self, session: &Session, app: &App) {
        match app.kind {
            Kind::Bundled { output, dev, server } => {
                let Some(fresh) = self.check(app.name, "install", || self.fresh(app)) else { return };
                self.check(app.name, "build", || {
                    self.tools.script(&fresh.folder, "build", &[])?;
                    let output = fresh.folder.join(output);
                    output::ensure_once(&output, &self.wasm)?;
                    if let (true, Some(flags)) = (server, dev) {
                        return self.own_server(session, app, &fresh, "start", flags);
                    }
                    self.visit(session, app, "build", &self.sites.serve(&output, false)?)
                });
                if let Some(flags) = dev {
                    self.check(app.name, "dev", || self.own_server(session, app, &fresh, "dev", flags));
                }
            }
            Kind::Script => {
                let Some(fresh) = self.check(app.name, "install", || self.fresh(app)) else { return };
                self.check(app.name, "upload", || self.script(app, &fresh));
            }
            Kind::Page => {
                self.check(app.name, "page", || self.page(session, app));
            }
        }
    }

    fn fresh(&self, app: &App) -> Result<Fresh> {
        let fresh = self.copied(app)?;
        fresh.install(&self.tools, &self.versions, app.pins, &self.tarball)?;
        Ok(fresh)
    }

    fn copied(&self, app: &App) -> Result<Fresh> {
        let folder = self.folder.join(app.name.replace([' ', ','], "-"));
        Fresh::copy(self.place.workspace, &format!("examples/{}", app.folder), &folder)
    }

    fn own_server(&self, session: &Session, app: &App, fresh: &Fresh, script: &str, flags: &str) -> Result<()> {
        let server = Program::start(&fresh.folder, |port| {
            let mut npm = self.tools.command("npm", &fresh.folder);
            npm.args(["run", script, "--"]).args(format!("{flags}{port}").split(' '));
            npm
        })?;
        let visited = self.visit(session, app, script, &server.origin);
        // Leaves no connection that the next server on this port, or this one's end, would wait for.
        session.go_to("about:blank")?;
        visited.with_context(|| format!("its server said:\n{}", server.said()))
    }

    fn visit(&self, session: &Session, app: &App, mode: &str, origin: &str) -> Result<()> {
        if app.is_rendered() {
            let html = ureq::get(origin).call().context("the server gives no page")?.body_mut().read_to_string()?;
            ensure!(html.contains("<partway-uploader"), "the server rendered no element:\n{html}");
        }
        Visit::new(self.place.gateway, &format!("{}{mode}", app.name)).pay(session, origin, &self.picked())
    }

    fn picked(&self) -> Picked<'_> {
        Picked { path: &self.file, name: NAME, size: SIZE }
    }

    /// A script that uploads, and prints what is listed.
    fn script(&self, app: &App, fresh: &Fresh) -> Result<()> {
        let visit = Visit::new(self.place.gateway, app.name);
        visit.watch()?;
        let file = self.file.to_str().context("the path of a file to upload is no UTF-8")?;
        let said = self.tools.script(&fresh.folder, "upload", &[file, &visit.endpoint()])?;
        ensure!(said.lines().any(|line| line == format!("{NAME}: {SIZE} bytes")), "it said:\n{said}");
        visit.ensure_stored(SIZE)
    }

    /// A page as it is written, but for the CDN's address: that is a second origin here.
    fn page(&self, session: &Session, app: &App) -> Result<()> {
        let fresh = self.copied(app)?;
        let cdn = self.sites.serve(&fresh.unpack(&self.tools, &self.tarball)?, true)?;
        fresh.replace("index.html", "https://cdn.jsdelivr.net/npm/partway@0.1", &cdn)?;
        self.visit(session, app, "page", &self.sites.serve(&fresh.folder, false)?)
    }
}
