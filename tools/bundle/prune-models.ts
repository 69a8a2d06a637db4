/**
 * The SDK's generated models hold every shape and error of a service. Two things keep esbuild from dropping what no import
 * uses: computed keys, which it takes for side effects, and errors that are registered one by one. Here they are written
 * so that it can. A file that does not look as the generator writes it today is refused: nothing else is shipped instead.
 */

/** The files of one client of the SDK that this reads. */
export interface ClientFiles {
  readonly client: string;
  /** `schemas/schemas_0.js` */
  readonly schemas: string;
  /** `models/errors.js`, empty where a service has no errors of its own. */
  readonly errors: string;
  /** `runtimeConfig.shared.js`, which names the protocol. */
  readonly configuration: string;
  /** The declarations of one operation's command, whose comment names the errors that the operation answers with. */
  declarationsOf(operation: string): string;
}

export interface PrunedClient {
  readonly schemas: string;
  readonly errors: string;
}

/** Their errors carry on the wire the name that the model has: an error that is not registered is named just as well. */
const namedByTheWire = new Set(['AwsJson1_0Protocol', 'AwsJson1_1Protocol', 'AwsRestJsonProtocol']);
/** Its errors carry a code on the wire, from which the model gives the name. */
const CODED = 'AwsQueryProtocol';

const constant = /^const (_\w+) = ("[^"\\]*");$/gm;
const registeredError =
  /export var (\w+)\$ = \[-3, n0, (_\w+),\n {4}(.*),\n {4}\[(.*)\],\n {4}\[(.*)\](?:, \d+)?\n\];\nn0_registry\.registerError\(\1\$, \1\);\n/g;
const operation = /export var (\w+)\$ = \[9, n0, (_\w+),\n {4}(.*), \(\) => (.+), \(\) => (.+)\n\];\n/g;
const plainTraits = /^\{ (?:"(?:awsQueryError|error|httpError)": (?:\[`[\w.]+`, \d{3}\]|_c|_se|\d{3})(?:, | \}$))+$/;
/** Text, numbers, truth and lists of text are in JSON what they are in the model. */
const asItComes = /^(?:(?:0|1|2|64 \| 0)(?:, |$))*$/;

/** The members of a shape that are kept, by the name of the shape. */
export type KeptMembers = Readonly<Record<string, readonly string[]>>;

/** What is left of a client's models, or nothing where its protocol is none of those that are known here. */
export function pruneModels(files: ClientFiles, kept: KeptMembers = {}): PrunedClient | undefined {
  const protocol = /protocol: config\?\.protocol \?\? (\w+),/.exec(files.configuration)?.[1];
  const isCoded = protocol === CODED;
  if (!protocol || /awsQueryCompatible/.test(files.configuration)) return undefined;
  if (!isCoded && !namedByTheWire.has(protocol)) return undefined;
  const names = namesOf(files);
  const { schemas, plain } = takeErrorsOut(files, names, isCoded);
  const named = isCoded ? nameErrorsByOperation(files, schemas, names, plain) : schemas;
  const slim = Object.entries(kept).reduce((text, shape) => keepMembers(files, text, names, shape), named);
  return {
    schemas: writeKeysOut(files, slim, names),
    errors: [...plain.keys()].reduce((text, name) => text.replace(classOf(files, name), ''), files.errors),
  };
}

type Names = ReadonlyMap<string, string>;
/** The errors that are nothing but a name and a message: by name, what the wire calls them. */
type PlainErrors = ReadonlyMap<string, { code: string; status: number } | undefined>;

function namesOf({ client, schemas }: ClientFiles): Names {
  const names = new Map(
    [...schemas.matchAll(constant)].map(([, id = '', text = '']) => [id, JSON.parse(text) as string]),
  );
  const declared = schemas.match(/^const _\w+ = (?!new TypeRegistry)/gm)?.length ?? 0;
  if (names.size !== declared) throw changed(client, `${declared} constants that are text, came ${names.size}`);
  return names;
}

function takeErrorsOut(files: ClientFiles, names: Names, isCoded: boolean): { schemas: string; plain: PlainErrors } {
  const plain = new Map<string, { code: string; status: number } | undefined>();
  let found = 0;
  const schemas = files.schemas.replace(
    registeredError,
    (statement, name: string, id: string, traits: string, members: string, types: string) => {
      found += 1;
      if (names.get(id) !== name) throw changed(files.client, `the error ${name} under its own name`);
      const isRetried = classOf(files, name).includes('$retryable');
      const wire = isCoded ? codeOf(writeKeysOut(files, traits, names)) : undefined;
      const isMessage = wire && names.get(members) === 'message' && types === '0';
      const isPlain = plainTraits.test(writeKeysOut(files, traits, names)) && asItComes.test(types);
      if (isRetried || !isPlain || (isCoded && !isMessage)) return statement;
      plain.set(name, wire);
      return '';
    },
  );
  const registered = files.schemas.match(/n0_registry\.registerError\(/g)?.length ?? 0;
  if (found !== registered || (found === 0) !== (files.errors === '')) {
    throw changed(files.client, `${registered} errors, came ${found}`);
  }
  return { schemas, plain };
}

/** The text of one error's class. */
function classOf({ client, errors }: ClientFiles, name: string): string {
  const found = new RegExp(`^export class ${name} extends __BaseException \\{\\n[^]*?\\n\\}\\n`, 'm').exec(errors)?.[0];
  if (!found?.includes(`name = "${name}";`)) throw changed(client, `a class of the error ${name}`);
  return found;
}

function codeOf(traits: string): { code: string; status: number } | undefined {
  const [, code, status, fault, same] =
    /^\{ "awsQueryError": \[`([\w.]+)`, (\d{3})\], "error": _(c|se), "httpError": (\d{3}) \}$/.exec(traits) ?? [];
  const isPlain = code && status === same && fault === (Number(status) < 500 ? 'c' : 'se');
  return isPlain ? { code, status: Number(status) } : undefined;
}

/**
 * Each operation registers the errors that it answers with when it is made, and is not made where no module imports its
 * command. Which those are is generated into the declarations of the command alone.
 */
function nameErrorsByOperation(files: ClientFiles, schemas: string, names: Names, plain: PlainErrors): string {
  const { client } = files;
  const base = /import \{ (\w+ServiceException) \} from "\.\.\/models\/\w+";/.exec(schemas)?.[1];
  if (!base) throw changed(client, 'the class that all errors extend');
  let found = 0;
  const named = schemas.replace(
    operation,
    (_all, name: string, id: string, traits: string, input: string, output: string) => {
      found += 1;
      const errors = thrownBy(files, names.get(id) ?? '', base).flatMap((error) => {
        const wire = plain.get(error);
        if (!wire) {
          if (schemas.includes(`registerError(${error}$, `)) return [];
          throw changed(client, `a model of the error ${error} of ${name}`);
        }
        return [wire.code === error ? `${error} ${wire.status}` : `${error} ${wire.status} ${wire.code}`];
      });
      const made = `[9, n0, ${id}, ${traits}, () => ${input}, () => ${output}]`;
      const naming =
        errors.length === 0 ? made : `/* @__PURE__ */ naming(${made}, ${JSON.stringify(errors.join('|'))})`;
      return `export var ${name}$ = ${naming};\n`;
    },
  );
  const operations = schemas.match(/\$ = \[9, n0, /g)?.length ?? 0;
  if (found !== operations || found === 0) throw changed(client, `${operations} operations, came ${found}`);
  return named + NAMING.replaceAll('Base', base);
}

/** As the generator writes an error and its class, from its name, the status and the code on the wire. */
const NAMING = `
function naming(operation, errors) {
  for (const error of errors.split("|")) {
    const [name, status, code = name] = error.split(" ");
    const $fault = status < 500 ? "client" : "server";
    n0_registry.registerError(
      [-3, n0, name, { awsQueryError: [code, +status], error: $fault, httpError: +status }, ["message"], [0]],
      class extends Base {
        name = name;
        $fault = $fault;
        constructor(options) {
          super({ name, $fault, ...options });
          Object.setPrototypeOf(this, new.target.prototype);
        }
      },
    );
  }
  return operation;
}
`;

function thrownBy(files: ClientFiles, operationName: string, base: string): string[] {
  const thrown = [...files.declarationsOf(operationName).matchAll(/^ \* @throws \{@link (\w+)\}/gm)].map(
    ([, name = '']) => name,
  );
  if (!thrown.includes(base))
    throw changed(files.client, `the errors of ${operationName} in the comment of its command`);
  return thrown.filter((name) => name !== base);
}

function keepMembers(
  { client }: ClientFiles,
  schemas: string,
  names: Names,
  [shape, kept]: [string, readonly string[]],
): string {
  const [whole, head = '', ids = '', types = '', required = ''] =
    new RegExp(
      `export var ${shape}\\$ = (\\[3, n0, _\\w+,\\n {4}0,)\\n {4}\\[(.*)\\],\\n {4}\\[(.*)\\](?:, (\\d+))?\\n\\];\\n`,
    ).exec(schemas) ?? [];
  const members = ids.split(', ');
  // A type is a number, or a function without commas of its own, or a pair of those in brackets.
  const typed = types.match(/\[[^[\]]*\]|[^,[\]]+(?=,|$)/g)?.map((type) => type.trim()) ?? [];
  if (!whole || members.length !== typed.length) throw changed(client, `a shape ${shape} with a type for each member`);
  const places = kept.map((name) => members.findIndex((id) => names.get(id) === name));
  // Those that are required come first: their order stays, and all of them.
  places.sort((one, other) => one - other);
  const missing = [...Array(Number(required)).keys()].some((place) => !places.includes(place));
  if (places.includes(-1) || missing) throw changed(client, `members ${kept.join(', ')} of ${shape}`);
  const list = (of: readonly string[]) => places.map((place) => of[place]).join(', ');
  const count = required && `, ${required}`;
  return schemas.replace(
    whole,
    () => `export var ${shape}$ = ${head}\n    [${list(members)}],\n    [${list(typed)}]${count}\n];\n`,
  );
}

function writeKeysOut({ client }: ClientFiles, schemas: string, names: Names): string {
  return schemas.replace(/\[(_\w+)\]:/g, (_all, id: string) => {
    const name = names.get(id);
    if (name === undefined) throw changed(client, `a constant ${id}`);
    return `${JSON.stringify(name)}:`;
  });
}

/** What a dependency ships is not what was read here: it was updated. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

export function changed(file: string, expected: string): SourceChanged {
  return new SourceChanged(
    `${file}: expected ${expected}. The files of this dependency have changed: install what package-lock.json says, or adapt tools/bundle to the new version.`,
  );
}
