/**
 * Parts of packages that Keyturn's own functions never reach, or need little of: each with the reason, and with what stands
 * in its place. That does the same for these functions, or throws when it is reached after all.
 */
export interface LeftOut {
  /** The module, from its package on. */
  readonly module: string;
  readonly why: string;
  /** What stands in its place. */
  readonly source: string;
  /** What the module must still say; else it does something else by now, and the bundling fails. */
  readonly expects: string;
}

export const never = (what: string) =>
  `throw new Error(${JSON.stringify(`${what}: left out of this bundle (tools/bundle/left-out.ts).`)})`;

export const leftOut: LeftOut[] = [
  {
    module: '@smithy/signature-v4/dist-es/HeaderFormatter.js',
    why: 'Writes the headers of signed event streams, and nothing else.',
    source: `export class HeaderFormatter { format() { ${never('Signing of event streams')} } }`,
    expects: 'export class HeaderFormatter {\n    format(',
  },
  {
    module: '@aws-sdk/signature-v4-multi-region/dist-es/SignatureV4MultiRegion.js',
    why: 'Signs for several regions at once, which takes a package that is not installed. All else it hands on, as this does.',
    source: `import { SignatureV4 } from "@smithy/signature-v4";
export class SignatureV4MultiRegion extends SignatureV4 {
  static sigv4aDependency() { return "none"; }
  async sign(request, options = {}) {
    if (options.signingRegion === "*") ${never('Signing for several regions')};
    return super.sign(request, options);
  }
}`,
    expects: 'return this.sigv4Signer.sign(requestToSign, options);',
  },
  {
    module: '@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/AwsSdkSigV4ASigner.js',
    why: 'The same: no client of ours asks for it.',
    source: `export class AwsSdkSigV4ASigner { sign() { ${never('Signing for several regions')} } }`,
    expects: 'export class AwsSdkSigV4ASigner extends AwsSdkSigV4Signer {',
  },
  {
    module: '@aws-sdk/core/dist-es/submodules/client/emitWarningIfUnsupportedVersion.js',
    why: 'Warns of an old Node; the stack chooses the runtime.',
    source:
      'export const state = { warningEmitted: false };\nexport const emitWarningIfUnsupportedVersion = () => undefined;',
    expects: 'process.emitWarning(`NodeVersionSupportWarning',
  },
  {
    module: '@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js.js',
    why: 'For a Node without its own cryptography, which opens no TLS either.',
    source: `export class Sha256Js { constructor() { ${never('SHA-256 in JavaScript')} } }`,
    expects: 'export class Sha256Js {',
  },
  {
    module: '@smithy/core/dist-es/submodules/retry/util-retry/AdaptiveRetryStrategy.js',
    why: 'Only where AWS_RETRY_MODE says adaptive; no stack of ours sets it.',
    source: `export class AdaptiveRetryStrategy { constructor() { ${never('The retry mode adaptive')} } }`,
    expects: 'export class AdaptiveRetryStrategy {',
  },
  {
    module: '@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion.js',
    why: 'Lambda sets AWS_REGION and has no instance metadata.',
    source: `export async function getInstanceMetadataRegion() { ${never('Asking instance metadata for the region')} }`,
    expects: 'export const getInstanceMetadataRegion',
  },
  {
    module: '@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js',
    why: 'Lambda has no files of profiles: what a file could say is absent, as the SDK finds where there is none.',
    source: `export { CONFIG_PREFIX_SEPARATOR } from "./constants";
export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
    expects: 'export const loadSharedConfigFiles = async (init = {}) => {',
  },
  {
    module: 'pg/lib/index.js',
    why: "A rotation opens sessions one by one, with pg's own client: its pool is not reached, and the binding to libpq is not installed.",
    source: `const Client = require("./client");
const Pool = class { constructor() { ${never("pg's pool")} } };
module.exports = { Client, Query: Client.Query, Pool };`,
    expects: 'this.Query = this.Client.Query\n  this.Pool = poolFactory(this.Client)\n',
  },
  {
    module: 'pgpass/lib/index.js',
    why: 'The password of a session is always given: a payload without one is refused.',
    source: `module.exports = () => { ${never('pgpass')} }`,
    expects: 'module.exports = function(connInfo, cb)',
  },
  {
    module: 'pg-connection-string/index.js',
    why: 'A session is described by its parts, never by a URL.',
    source: `exports.parse = () => { ${never('Parsing of connection strings')} }`,
    expects: 'module.exports = parse',
  },
  {
    module: 'pg/lib/crypto/cert-signatures.js',
    why: 'For channel binding, which is off unless it is asked for.',
    source: `exports.signatureAlgorithmHashFromCertificate = () => { ${never('Channel binding')} }`,
    expects: 'module.exports = { signatureAlgorithmHashFromCertificate }',
  },
  {
    module: 'pg-types/lib/binaryParsers.js',
    why: 'For sessions that ask for binary results; a connection of ours does not.',
    source: `exports.init = (register) => [16, 20, 21, 23, 25, 26, 700, 701, 1000, 1007, 1008, 1009, 1016, 1114, 1184, 1700].forEach((oid) => register(oid, () => { ${never('Reading of binary results')} }))`,
    expects: 'module.exports = {\n  init: init\n};',
  },
  {
    module: 'pg-types/lib/arrayParser.js',
    why: 'The same: for arrays.',
    source: `exports.create = () => { ${never('Reading of arrays')} };`,
    expects: 'module.exports = {\n  create: function (source, transform) {',
  },
  {
    module: 'pg-types/lib/textParsers.js',
    why: 'Statements of ours select numbers, booleans, times, JSON and text. What else is selected is refused, not handed on as text.',
    source: `const parseDate = require("postgres-date");
const integer = (text) => parseInt(text, 10);
const truths = ["TRUE", "t", "true", "y", "yes", "on", "1"];
const scalars = [
  [(text) => text, 20],
  [integer, 21, 23, 26],
  [parseFloat, 700, 701],
  [(text) => truths.includes(text), 16],
  [parseDate, 1082, 1114, 1184],
  [(text) => JSON.parse(text), 114, 3802],
];
const others = [17, 199, 600, 651, 718, 791, 1000, 1001, 1005, 1007, 1008, 1009, 1014, 1015, 1016, 1017, 1021, 1022, 1028, 1040, 1041, 1115, 1182, 1183, 1185, 1186, 1187, 1231, 1270, 2951, 3807, 3907];
exports.init = (register) => {
  for (const [parse, ...oids] of scalars) for (const oid of oids) register(oid, parse);
  for (const oid of others) register(oid, () => { ${never('Reading of arrays, bytes, points and intervals')} });
};`,
    expects: 'register(1270, parseStringArray); // timetz[]\n};\n\nmodule.exports = {\n  init: init\n};',
  },
  {
    module: '@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/service-customizations/s3.js',
    why: 'No function of ours calls S3.',
    source: `export const DOT_PATTERN = /\\./, S3_HOSTNAME_PATTERN = /^s3/;
export async function resolveParamsForS3() { ${never('S3')} }
export function isDnsCompatibleBucketName() { ${never('S3')} }
export function isArnBucketName() { ${never('S3')} }`,
    expects: 'export const resolveParamsForS3',
  },
  {
    module: '@aws-sdk/core/dist-es/submodules/client/middleware-logger/loggerMiddleware.js',
    why: 'No client of ours is given a logger: requests and answers hold secrets.',
    source: `import { NoOpLogger } from "@smithy/core/client";
export const loggerMiddlewareOptions = { name: "loggerMiddleware", tags: ["LOGGER"], step: "initialize", override: true };
export const loggerMiddleware = () => (next) => next;
export const getLoggerPlugin = ({ logger }) => {
  if (!(logger instanceof NoOpLogger)) ${never('Logging of requests')};
  return { applyToStack() {} };
};`,
    expects: 'clientStack.add(loggerMiddleware(), loggerMiddlewareOptions);',
  },
  {
    module: '@smithy/core/dist-es/submodules/client/smithy-client/schemaLogFilter.js',
    why: 'What the logger of requests would not show.',
    source: `export function schemaLogFilter() { ${never('Logging of requests')} }`,
    expects: 'export function schemaLogFilter',
  },
  {
    module: '@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/check-features.js',
    why: 'Says in the User-Agent which features of the SDK are used; the rest of that header stays.',
    source: 'export async function checkFeatures() {}',
    expects: 'export async function checkFeatures(context, config, args) {',
  },
  {
    module: '@aws/lambda-invoke-store/dist-es/invoke-store.js',
    why: "Lambda's runtime brings its own, which the SDK takes where there is one; without one there is nothing to read.",
    source: 'export const InvokeStore = { getInstanceAsync: async () => globalThis.awslambda?.InvokeStore };',
    expects: 'return globalThis.awslambda.InvokeStore;',
  },
  {
    module: 'sparse-bitfield/index.js',
    why: 'Bits that are only read need none of its paging; saslprep reads them.',
    source: 'module.exports = ({ buffer }) => ({ get: (bit) => (buffer[bit >> 3] & (128 >> (bit & 7))) !== 0 });',
    expects: 'return !!(this.getByte(j) & (128 >> o))',
  },
];
