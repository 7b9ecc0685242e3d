// Frames of this origin, whose objects are of classes of their own.

/** A frame, empty or with the page `src`; `import(path)` gives its own instance of a module. */
export async function frame(src) {
  const element = document.createElement("iframe");
  if (src) element.src = src;
  await new Promise((resolve) => {
    element.onload = resolve;
    document.body.append(element);
  });
  const scope = element.contentWindow;
  return {
    scope,
    import: (path) => scope.eval(`import(${JSON.stringify(path)})`),
    remove: () => element.remove(),
  };
}

/** A global of `scope` in place of which `made(real)` stands while `body` runs. */
export async function replaced(name, made, body, scope = globalThis) {
  const real = scope[name];
  scope[name] = made(real);
  try {
    return await body(real);
  } finally {
    scope[name] = real;
  }
}
