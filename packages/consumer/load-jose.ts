/**
 * Loads `jose` with the first token, so that an application without tokens does not load it. `jose` is a module, which
 * CommonJS on Node before 20.19 can only load by `import()`.
 */
export function loadJose() {
  return import('jose');
}
