/**
 * Every client of the SDK brings the same constructor and the same reading of its configuration, generated with other
 * names. Here one text serves all clients for which it is the same; where it is not, a client keeps its own.
 */
export interface Shared {
  /** A module that exports `made`: a function of what differs. */
  readonly shared: string;
  /** What the client's own module becomes. */
  own(sharedModule: string): string;
}

const PACKAGE = 'import packageInfo from "../package.json";\n';
const VALUES = 'import { getRuntimeConfig as getSharedRuntimeConfig } from "./runtimeConfig.shared";\n';
const READING = 'export const getRuntimeConfig = (config) => {\n';
const timeout = /getDefaultSocketTimeout\(config\?\.requestHandler, ([\d_]+)\)/;

/** `runtimeConfig.js` */
export function shareConfiguration(text: string): Shared | undefined {
  const seconds = timeout.exec(text)?.[1];
  if (!seconds || ![PACKAGE, VALUES, READING].every((part) => text.split(part).length === 2)) return undefined;
  const shared = text
    .replace(PACKAGE, '')
    .replace(VALUES, '')
    .replace(READING, 'export const made = (packageInfo, getSharedRuntimeConfig, socketTimeout) => (config) => {\n')
    .replace(timeout, 'getDefaultSocketTimeout(config?.requestHandler, socketTimeout)');
  if (leftBehind(shared)) return undefined;
  return {
    shared,
    own: (module) =>
      `${PACKAGE}${VALUES}import { made } from "${module}";\nexport const getRuntimeConfig = made(packageInfo, getSharedRuntimeConfig, ${seconds});\n`,
  };
}

/** `RDSClient.js` and its like: the class is the same for clients whose service asks for nothing special. */
export function shareClient(text: string): Shared | undefined {
  const name = /^export class (\w+)Client extends __Client \{$/m.exec(text)?.[1];
  if (!name) return undefined;
  const imports = [
    `import { default${name}HttpAuthSchemeParametersProvider, resolveHttpAuthSchemeConfig, } from "./auth/httpAuthSchemeProvider";\n`,
    'import { resolveClientEndpointParameters, } from "./endpoint/EndpointParameters";\n',
    'import { getRuntimeConfig as __getRuntimeConfig } from "./runtimeConfig";\n',
    'import { resolveRuntimeExtensions } from "./runtimeExtensions";\n',
  ];
  const head = `export { __Client };\nexport class ${name}Client extends __Client {\n`;
  if (![...imports, head].every((part) => text.split(part).length === 2)) return undefined;
  const names = `defaultHttpAuthSchemeParametersProvider, resolveHttpAuthSchemeConfig, resolveClientEndpointParameters, __getRuntimeConfig, resolveRuntimeExtensions`;
  const shared = imports
    .reduce((rest, line) => rest.replace(line, ''), text)
    .replace(head, `export const made = (${names}) => class extends __Client {\n`)
    .replaceAll(`default${name}HttpAuth`, 'defaultHttpAuth');
  if (leftBehind(shared) || shared.includes(name)) return undefined;
  return {
    shared,
    own: (module) =>
      `${imports.join('')}import { made } from "${module}";\nexport { Client as __Client } from "@smithy/core/client";\n` +
      `export const ${name}Client = made(${names.replace('defaultHttpAuth', `default${name}HttpAuth`)});\n`,
  };
}

const signedAs = /^( +(?:name|defaultSigningName): )"([a-z-]+)",$/gm;

/** `auth/httpAuthSchemeProvider.js` and `endpoint/EndpointParameters.js`: the name under which requests are signed differs. */
export function shareSigning(text: string): Shared | undefined {
  const [[, , signingName] = [], ...more] = text.matchAll(signedAs);
  const service = /^export const default(\w+)HttpAuthSchemeProvider = /m.exec(text)?.[1];
  const anonymous = (name: string) => (service ? name.replace(`default${service}Http`, 'defaultHttp') : name);
  const exported = [...text.matchAll(/^export (\w+) (\w+)/gm)].map(([, kind = '', name = '']) => ({ kind, name }));
  if (!signingName || more.length > 0 || exported.some(({ kind }) => kind !== 'const')) return undefined;
  const [imports, body] = [text.match(/^import .*;\n/gm)?.join('') ?? '', text.replace(/^import .*;\n/gm, '')];
  const inner = body.replace(/^export /gm, '').replace(signedAs, '$1signingName,');
  const plain = service ? inner.replaceAll(`default${service}Http`, 'defaultHttp') : inner;
  const shared = `${imports}export const made = (signingName) => {\n${plain}return { ${exported.map(({ name }) => anonymous(name)).join(', ')} };\n};\n`;
  if (leftBehind(shared)) return undefined;
  return {
    shared,
    own: (module) =>
      `import { made } from "${module}";\nconst shared = made("${signingName}");\n` +
      exported.map(({ name }) => `export const ${name} = shared.${anonymous(name)};\n`).join(''),
  };
}

const RULES = 'export const bdd = ';

/** `endpoint/bdd.js`: how an address is made of a region, in which only the name of the service differs. */
export function shareRules(text: string): Shared | undefined {
  const services = new Set([...text.matchAll(/https:\/\/([a-z]+)/g)].map(([, name = '']) => name));
  const [service] = services;
  if (services.size !== 1 || !service || text.split(RULES).length !== 2 || text.includes('export const made'))
    return undefined;
  const [imports, body] = [text.match(/^import .*;\n/gm)?.join('') ?? '', text.replace(/^import .*;\n/gm, '')];
  const anonymous = body.replace(/"https:\/\/[a-z]+([^"]*)"/g, '"https://" + service + "$1"').replace(RULES, 'return ');
  const shared = `${imports}export const made = (service) => {\n${anonymous}};\n`;
  if (leftBehind(shared) || new RegExp(`\\b${service}\\b`).test(shared.replaceAll('service', ''))) return undefined;
  return {
    shared,
    own: (module) => `import { made } from "${module}";\n${RULES}made("${service}");\n`,
  };
}

/** Whether a text still imports what belongs to one client. */
const leftBehind = (text: string) => /from "\.{1,2}\//.test(text);
