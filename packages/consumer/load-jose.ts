/**
 * Loaded with the first token: whoever imports this library without using tokens does not pay for it. It is a module
 * only, which CommonJS on Node before 20.19 can load in no other way.
 */
export function loadJose() {
  return import('jose');
}
