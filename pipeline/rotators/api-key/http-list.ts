import { textAt, valueAt } from '@keyturn/consumer/contracts/json-pointer';
import type { HttpSettings } from '../../contracts/settings/api-key.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';
import { describeRequest, describeStatus, type HttpAnswer, type RequestTemplate } from './http-client.ts';
import type { ListedCredential } from './provider.ts';

const MOST_PAGES = 100;

type List = HttpSettings['list'];

/** Every page of a vendor's list. @throws TargetRefused where an answer is not what the pointers say */
export async function listAll(
  list: List,
  ask: (template: RequestTemplate) => Promise<HttpAnswer>,
): Promise<ListedCredential[]> {
  const where = describeRequest(list);
  const found: ListedCredential[] = [];
  let place: string | undefined = list.nextPage?.by === 'number' ? String(list.nextPage.first) : undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await ask(atPage(list, place));
    if (answer.status < 200 || answer.status >= 300) throw describeStatus(where, answer);
    const items = valueAt(answer.body, list.items);
    if (!Array.isArray(items)) {
      throw new TargetUnavailable(
        `${where}: the answer has no array at ${list.items || 'its root'}. Correct list.items.`,
      );
    }
    found.push(...items.map((item) => readItem(list, item, where)));
    place = nextPlace(list, { body: answer.body, isEmpty: items.length === 0, page });
    if (place === undefined) return found;
  }
  throw new TargetRefused(`${where}: there are more than ${MOST_PAGES} pages. Narrow the list by a filter in its URL.`);
}

function atPage(list: List, place: string | undefined): RequestTemplate {
  if (!list.nextPage || place === undefined) return list;
  const separator = list.url.includes('?') ? '&' : '?';
  const parameter = encodeURIComponent(list.nextPage.parameter);
  return { ...list, url: `${list.url}${separator}${parameter}=${encodeURIComponent(place)}` };
}

function nextPlace({ nextPage }: List, answer: { body: unknown; isEmpty: boolean; page: number }): string | undefined {
  if (!nextPage || answer.isEmpty) return undefined;
  if (nextPage.by === 'number') return String(nextPage.first + answer.page + 1);
  if (nextPage.while !== undefined && valueAt(answer.body, nextPage.while) !== true) return undefined;
  return textAt(answer.body, nextPage.cursor);
}

function readItem(list: List, item: unknown, where: string): ListedCredential {
  const id = textAt(item, list.id);
  if (id === undefined) throw new TargetUnavailable(`${where}: an item has no text at ${list.id}. Correct list.id.`);
  const name = list.name === undefined ? undefined : textAt(item, list.name);
  const createdAt = dateAt(item, list.createdAt);
  const lastUsedAt = dateAt(item, list.lastUsedAt);
  return {
    id,
    ...(name !== undefined && { name }),
    ...(createdAt && { createdAt }),
    ...(lastUsedAt && { lastUsed: { at: lastUsedAt, by: 'a caller that the vendor does not name' } }),
  };
}

/** ISO 8601, or seconds since 1970. Anything else is as if it were missing. */
function dateAt(item: unknown, pointer: string | undefined): Date | undefined {
  if (pointer === undefined) return undefined;
  const value = valueAt(item, pointer);
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(typeof value === 'string' ? value : '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}
