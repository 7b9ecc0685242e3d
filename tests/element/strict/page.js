// A page whose server sends a strict policy (xtask/src/browsers/site.rs): what breaks it is in `window.violations`.

window.violations = [];
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample, sourceFile, lineNumber }) => {
  window.violations.push(`${effectiveDirective} ${blockedURI} ${sample} ${sourceFile}:${lineNumber}`);
});
await import("/pkg/element/index.js");
window.ready = true;
