// The page is rendered when it is built, and hydrates in the browser.
export const prerender = true;
