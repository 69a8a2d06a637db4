import { JsonFault, JsonTokens } from '../json-tokens.ts';

const VARIABLE = /<([^<>]*)>/g;

/** Variables that every template may use. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html */
export const reservedVariables: readonly string[] = [
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
];

/** The names between `<` and `>` of a template. */
export function variablesOf(template: string): string[] {
  return [...template.matchAll(VARIABLE)].map((match) => match[1] as string);
}

/** What is wrong with a template's form: that of JSON, or of texts in quotes, one after another. Undefined when good. */
export function templateFault(template: string): string | undefined {
  const filled = template.replace(VARIABLE, 'null');
  const tokens = new JsonTokens(filled);
  try {
    while (tokens.next() !== 'end') tokens.text();
    return undefined;
  } catch (error) {
    if (error instanceof JsonFault) return error.place;
    throw error;
  }
}

/**
 * Fills a template. Values go in as they are: EventBridge escapes nothing. A JSON template whose variables break it is
 * no input at all: undefined. A variable that found nothing is an empty text.
 */
export function fillTemplate(template: string, variables: Readonly<Record<string, unknown>>): string | undefined {
  const isJson = /^\s*[{[]/.test(template);
  const inString = stringPlaces(template);
  const filled = template.replace(VARIABLE, (whole, name: string, offset: number) => {
    if (!Object.hasOwn(variables, name)) return whole;
    return render(variables[name], { isJson, inString: inString(offset) });
  });
  return isJson && !isJsonText(filled) ? undefined : filled;
}

function render(value: unknown, place: { isJson: boolean; inString: boolean }): string {
  if (typeof value === 'string') return place.inString ? value : JSON.stringify(value);
  if (value === undefined) return place.inString ? '' : '""';
  const text = JSON.stringify(value);
  // In a text, an object or a list loses its quotes.
  return place.isJson ? text : text.replaceAll('"', '');
}

/** Whether a place of the template stands between quotes. */
function stringPlaces(template: string): (offset: number) => boolean {
  const quotes = [...template.matchAll(/\\.|"/gs)].filter(([text]) => text === '"').map(({ index }) => index);
  return (offset) => quotes.filter((quote) => quote < offset).length % 2 === 1;
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
