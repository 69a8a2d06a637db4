import { withFreshSecrets } from '@keyturn/consumer';
import { authenticate } from './app/authenticate.ts';
import { database } from './app/database.ts';
import { HttpError, http, json, type Request, type Response, readBody } from './app/http.ts';

const MOST_ITEMS = 50;

async function serve(request: Request): Promise<Response> {
  const user = await authenticate(request);
  if (request.requestContext.http.method === 'POST') return addItem(user, request);
  return listItems(user, request);
}

async function addItem(user: string, request: Request): Promise<Response> {
  const { name } = readBody(request);
  if (typeof name !== 'string' || name === '' || name.length > 200) {
    throw new HttpError(400, 'name must be a text of 1 to 200 characters.');
  }
  const { rows } = await database.query('INSERT INTO items (owner, name) VALUES ($1, $2) RETURNING id, name', [
    user,
    name,
  ]);
  return json(201, { item: rows[0] });
}

/** Newest first; `before` is the id that the page before ended with. */
async function listItems(user: string, request: Request): Promise<Response> {
  const { before = '9223372036854775807', limit = '10' } = request.queryStringParameters ?? {};
  if (!/^\d{1,19}$/.test(before) || !/^\d{1,2}$/.test(limit)) {
    throw new HttpError(400, 'before and limit must be whole numbers.');
  }
  const most = Math.min(Math.max(Number(limit), 1), MOST_ITEMS);
  const { rows } = await database.query(
    'SELECT id, name FROM items WHERE owner = $1 AND id < $2 ORDER BY id DESC LIMIT $3',
    [user, before, most],
  );
  return json(200, { items: rows, ...(rows.length === most && { before: rows.at(-1).id }) });
}

export const handler = withFreshSecrets(http(serve), { canary: async () => void (await database.query('SELECT 1')) });
