// `npm test` has the CDK judge the templates before jest starts; again in each test that makes one, it would take most of
// that test's time. README.md of aws-cdk-lib says how it is turned off.
process.env.CDK_VALIDATION ??= 'false';

// A test's sandbox looks every global up by an interceptor; what modules use at every call is handed to them instead (a tenth
// of a call of the SDK). Not Map, Set, Boolean and Buffer: the CDK and others declare their own.
const sandboxInjectedGlobals =
  'Array ArrayBuffer Date Error JSON Math Number Object Promise Proxy Reflect RegExp String Symbol TypeError Uint8Array WeakMap'.split(
    ' ',
  );

const project = (displayName, folders) => ({
  displayName,
  testEnvironment: 'node',
  // Packages of this repository are taken from their sources.
  testEnvironmentOptions: { customExportConditions: ['keyturn-source', 'node', 'node-addons'] },
  sandboxInjectedGlobals,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
  modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/.keyturn', '<rootDir>/dist'],
});

export default {
  projects: [
    project('unit', ['{house,packages,pipeline,handlers,statemachines,stacks,cli,bin,tools,examples,bench}']),
    project('conformance', ['conformance']),
    project('scenarios', ['scenarios']),
    project('proof', ['proof']),
    project('apps', ['apps']),
  ],
  // Scenarios wait a good part of their time: two cores have room for four, and each still answers in time.
  maxWorkers: 4,
  // Modules of a test file stay in memory after it, and a worker slows down with them: it is replaced when it has grown.
  workerIdleMemoryLimit: '500MB',
  // Longer than what scenarios wait for, so that their own words tell what did not come.
  testTimeout: 180_000,
};
