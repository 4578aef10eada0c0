// oidc-provider says of each of its defaults, and of the Node.js that it runs on, what production needs; this is a test.
console.warn = () => {};
console.info = () => {};
