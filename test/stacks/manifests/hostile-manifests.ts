/**
 * Manifests with one hostile value each: at every place of a good one, in turn, another value stands in the place of the
 * good one, behind it, inside of it, or as a key. The same seed gives the same manifests.
 */
export interface HostileManifest {
  readonly place: string;
  readonly how: string;
  readonly manifest: unknown;
}

type Step = string | number;
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const long = 'a'.repeat(600);

/** Wildcards and variables of policies, ARNs of strangers, characters that are obeyed, markup, sizes, other types. */
export const hostileValues: readonly Json[] = [
  '*',
  '?',
  '**',
  'shop-*',
  'shop-??????',
  '${aws:username}',
  '${*}',
  '$',
  '',
  ' ',
  '/',
  '..',
  '../../etc/passwd',
  '/shop/../keyturn/shop/shop/database',
  '/keyturn/shop/shop/database',
  '/aws/reference/secretsmanager/shop',
  'arn:aws:lambda:eu-central-1:123456789012:function:*',
  'arn:aws:lambda:*:*:function:shop-items',
  'arn:aws:lambda:eu-central-1:666666666666:function:stranger',
  'arn:aws:lambda:us-east-1:123456789012:function:shop-items',
  'arn:aws:lambda:eu-central-1:123456789012:function:shop-items:*',
  'arn:aws-cn:lambda:eu-central-1:123456789012:function:shop-items',
  'arn:aws:secretsmanager:eu-central-1:666666666666:secret:stranger-AbCdEf',
  'arn:aws:secretsmanager:eu-central-1:123456789012:secret:*-AbCdEf',
  'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/database-??????',
  'arn:aws:kms:eu-central-1:123456789012:key/*',
  'arn:aws:kms:eu-central-1:123456789012:alias/shop',
  'arn:aws:iam::123456789012:root',
  'arn:aws:s3:::shop/*',
  'arn:*:*:*:*:*',
  'arn:aws:bedrock:*::foundation-model/*',
  'line\nbreak',
  'tab\tstop',
  'null\u0000byte',
  'escape\u001b[2J\u001b]0;title\u0007',
  'delete\u007f\u009b31m',
  'right\u202eto left',
  'isolate\u2066d\u2069',
  'mark\u200fed',
  'zero\u200bwidth',
  'byte order\ufeff',
  'separator\u2028\u2029',
  'half \ud800 of a character',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[click](javascript:alert(1))',
  'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://2852039166/',
  'https://[fe80::1]/',
  'http://127.0.0.1:9001/2018-06-01/runtime/invocation/next',
  'https://user:password@shop.example/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  '169.254.169.254',
  'fd00:ec2::254',
  "'; DROP TABLE items; --",
  '__proto__',
  'constructor',
  'true',
  '{"Ref": "AWS::AccountId"}',
  '{{resolve:secretsmanager:shop/database:SecretString:password}}',
  '${Token[AWS.AccountId.0]}',
  '#{Token[TOKEN.1]}',
  long,
  `https://shop.example/${'a'.repeat(3_000)}`,
  'é'.repeat(70),
  0,
  -1,
  0.5,
  1e21,
  9_007_199_254_740_992,
  true,
  false,
  null,
  [],
  ['*'],
  {},
  { '*': '*' },
  { Ref: 'AWS::AccountId' },
  { 'Fn::GetAtt': ['Secret', 'Arn'] },
];

const hostileKeys = [
  '*',
  '__proto__',
  'constructor',
  'toString',
  'a\u202eb',
  'a\u0000b',
  '<b>',
  '..',
  'a//b',
  long,
  'Pipeline',
  '',
];

/** Park and Miller's generator. */
export function seeded(seed: number): (below: number) => number {
  let state = seed % 2_147_483_647 || 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** So many manifests, the places in turn. */
export function hostileManifests(manifest: object, count: number, seed: number): HostileManifest[] {
  const good = JSON.parse(JSON.stringify(manifest)) as Json;
  const next = seeded(seed);
  const places = placesOf(good);
  return Array.from({ length: count }, (_, index) => {
    const path = places[index % places.length]!;
    // Every place meets every value before one is put behind or inside of the good one.
    const round = Math.floor(index / places.length);
    return spoil(good, path, round, next);
  });
}

function spoil(good: Json, path: readonly Step[], round: number, next: (below: number) => number): HostileManifest {
  const place = path.join('.');
  const here = valueAt(good, path);
  const pick = <Item>(items: readonly Item[]): Item => items[next(items.length)]!;
  if (typeof here === 'object' && here !== null && !Array.isArray(here) && next(3) === 0) {
    const key = pick(hostileKeys);
    const inner = next(2) === 0 ? pick(hostileValues) : pick(Object.values(here).concat('*'));
    return {
      place,
      how: `the key ${JSON.stringify(key.slice(0, 20))}`,
      manifest: replaced(good, path, withMember(here, key, inner)),
    };
  }
  const value = pick(hostileValues);
  if (value !== '' && typeof here === 'string' && typeof value === 'string' && round % 3 !== 0) {
    const at = round % 3 === 1 ? here.length : next(here.length + 1);
    const text = here.slice(0, at) + value + here.slice(at);
    return { place, how: `${JSON.stringify(value.slice(0, 60))} at ${at}`, manifest: replaced(good, path, text) };
  }
  return { place, how: JSON.stringify(value).slice(0, 80), manifest: replaced(good, path, value) };
}

/** Every place: members, items, and what holds them. */
export function placesOf(value: unknown, path: readonly Step[] = []): (readonly Step[])[] {
  const below =
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([key, inner]) =>
          placesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
        );
  return [path, ...below];
}

function valueAt(value: Json, path: readonly Step[]): Json {
  return path.reduce<any>((found, step) => found[step], value);
}

function replaced(value: any, [step, ...rest]: readonly Step[], by: Json): Json {
  if (step === undefined) return by;
  const inner = replaced(value[step], rest, by);
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? inner : item));
  return withMember(value, String(step), inner);
}

/** defineProperty, so that `__proto__` is a member, as JSON.parse makes it. */
function withMember(value: object, key: string, inner: Json): { [key: string]: Json } {
  const copy = { ...value } as { [key: string]: Json };
  Object.defineProperty(copy, key, { value: inner, enumerable: true, writable: true, configurable: true });
  return copy;
}
