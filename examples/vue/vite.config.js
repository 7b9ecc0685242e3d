import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  // Vue takes every unknown tag for a component of its own unless it is told.
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith("partway-") } } })],
});
