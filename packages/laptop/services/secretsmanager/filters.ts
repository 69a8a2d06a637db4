import type { Secret } from './state.ts';
import { invalidParameter } from './validation.ts';

export interface Filter {
  Key?: string;
  Values?: string[];
}

/** @throws InvalidParameterException for a filter without its key or its values */
export function checkFilters(filters: readonly Filter[] | undefined): void {
  for (const { Key, Values } of filters ?? []) {
    if (Key === undefined) throw invalidParameter('Invalid filter key');
    if (Values === undefined) throw invalidParameter(`Invalid filter values for key: ${Key}`);
  }
}

/**
 * Every filter must match, each by any of its values; `!` in front of a value turns that value round. Names, tags,
 * regions and owners match by their beginning, case included; descriptions by the beginnings of their words; `all`
 * breaks what it searches into words wherever it is written.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
 */
export function filterSecrets(secrets: Secret[], filters: readonly Filter[]): Secret[] {
  return secrets.filter((secret) => filters.every((filter) => matchesFilter(secret, filter)));
}

function matchesFilter(secret: Secret, { Key: key = 'all', Values: values = [] }: Filter): boolean {
  const texts = textsOf(secret, key).filter((text) => text !== undefined);
  const isFound = (value: string) => texts.some((text) => matchesText(key, text, value));
  return values.some((value) => (value.startsWith('!') ? !isFound(value.slice(1)) : isFound(value)));
}

function matchesText(key: string, text: string, value: string): boolean {
  if (key !== 'all' && key !== 'description') return text.startsWith(value);
  const words = wordsOf(text);
  const wanted = wordsOf(value);
  return wanted.length > 0 && wanted.every((part) => words.some((word) => word.startsWith(part)));
}

function textsOf(secret: Secret, key: string): (string | undefined)[] {
  const tags = secret.tags ?? [];
  switch (key) {
    case 'name':
      return [secret.name];
    case 'description':
      return [secret.description];
    case 'tag-key':
      return tags.map((tag) => tag.Key);
    case 'tag-value':
      return tags.map((tag) => tag.Value);
    case 'primary-region':
      return [secret.primaryRegion];
    case 'owning-service':
      return [secret.owningService];
    default:
      return [
        secret.name,
        secret.description,
        secret.primaryRegion,
        secret.owningService,
        ...tags.flatMap((tag) => [tag.Key, tag.Value]),
      ];
  }
}

/** `prod/AppBeta-COMPANYthings` is prod, app, beta, compan, ythings: a capital begins a word where small letters follow. */
function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s/_+=.@!-]+/)
    .filter((word) => word !== '');
}
