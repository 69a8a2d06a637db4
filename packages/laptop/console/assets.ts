import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { RawResponse } from '../wire/routes.ts';

const FOLDER = new URL('./assets/', import.meta.url);

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Nothing from elsewhere, nothing inline, nothing in frames; strings become HTML in one place only, which is what makes
 * widgets of whatever function safe to look at. https://developer.mozilla.org/docs/Web/HTTP/Headers/Content-Security-Policy
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types inert-document',
].join('; ');

const headers = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/** A file of the page; undefined where there is none. Only names in the folder are looked up, never paths. */
export function asset(name: string): RawResponse | undefined {
  const type = types[extname(name)];
  if (type === undefined || !readdirSync(FOLDER).includes(name)) return undefined;
  return { status: 200, headers: { ...headers, 'content-type': type }, body: readFileSync(new URL(name, FOLDER)) };
}

/** An answer of the page's data. */
export function jsonAnswer(status: number, body: unknown): RawResponse {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
