// What both majors of Uppy have in common.

export function race(Uppy, plugin, options, files) {
  const uppy = new Uppy();
  uppy.use(plugin, options);
  return async () => {
    uppy.addFiles(files.map((data) => ({ name: data.name, type: data.type, data, source: "local" })));
    const { successful, failed } = await uppy.upload();
    if (failed.length > 0 || successful.length !== files.length) throw failed[0]?.error ?? new Error("files are missing");
  };
}
