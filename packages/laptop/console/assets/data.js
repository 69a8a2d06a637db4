/** Reads of the console's own server, beside this page. */

import { pageToken } from './token.js';

export class NotThere extends Error {}

/** The server does not know the token of this page: none came with its address, or it is of an earlier run. */
export class TokenRefused extends Error {}

async function ask(what, { headers, ...init } = {}) {
  const answer = await fetch(what, { ...init, headers: { ...headers, 'x-laptop-token': pageToken() } });
  if (answer.status === 401) throw new TokenRefused();
  return answer;
}

export async function read(what, query = {}) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
  const answer = await ask(`data/${what}?${parameters}`);
  if (answer.status === 404) throw new NotThere((await answer.json()).error);
  if (!answer.ok) throw new Error(`${what}: the server answered ${answer.status}.`);
  return answer.json();
}

export async function callWidget(call) {
  const answer = await ask('widget-call', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(call),
  });
  if (answer.ok) return answer.json();
  const { error } = await answer.json();
  return { kind: 'error', message: error };
}
