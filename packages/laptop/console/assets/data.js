/** Reads of the console's own server, beside this page. */

export class NotThere extends Error {}

export async function read(what, query = {}) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
  const answer = await fetch(`data/${what}?${parameters}`);
  if (answer.status === 404) throw new NotThere((await answer.json()).error);
  if (!answer.ok) throw new Error(`${what}: the server answered ${answer.status}.`);
  return answer.json();
}

export async function callWidget(call) {
  const answer = await fetch('widget-call', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(call),
  });
  if (answer.ok) return answer.json();
  const { error } = await answer.json();
  return { kind: 'error', message: error };
}
