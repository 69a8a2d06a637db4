import type { Cloud } from '../cloud.ts';
import type { SecretsManagerService } from '../services/secretsmanager/service.ts';
import { formsOf, secretTexts } from './forms.ts';
import { needleSearch } from './needle-search.ts';
import { type Departure, whatLeft } from './what-left.ts';

/** A secret's text in a place where it has no business. The text itself is not in here. */
export interface Leak {
  readonly place: string;
  /** How the text stood there: by its position among the forms. */
  readonly form: number;
}

/**
 * Looks for every value that Secrets Manager holds, of any version, in everything that left the memory of functions: logs,
 * events, histories, messages, items. Reads only.
 *
 * @example
 * ```ts
 * import { createCloud, findLeaks } from '@keyturn/laptop';
 *
 * const cloud = await createCloud();
 * const leaks = await findLeaks(cloud, { texts: ['a value of your own'] });
 * console.log(leaks.map(({ place }) => place));
 * await cloud.close();
 * ```
 */
export async function findLeaks(
  cloud: Cloud,
  more: { texts?: string[]; departures?: Departure[] } = {},
): Promise<Leak[]> {
  const values = cloud.service<SecretsManagerService>('secretsmanager').values();
  const texts = new Set([...values.flatMap(secretTexts), ...(more.texts ?? [])]);
  return searchLeaks([...texts], [...(await whatLeft(cloud)), ...(more.departures ?? [])]);
}

/** Pure: one leak for each place and form. */
export function searchLeaks(texts: readonly string[], departures: readonly Departure[]): Leak[] {
  const forms = texts.flatMap((text) => formsOf(text).map((needle, form) => ({ needle, form })));
  const search = needleSearch(forms.map(({ needle }) => needle));
  return departures.flatMap(({ place, text }) =>
    search(text).map((position) => ({ place, form: forms[position]?.form as number })),
  );
}
