import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { ROOT } from './pack/root.ts';
import { PACKAGES, packages } from './pack.ts';

/** Where the reports are kept: what a release offers, to be compared in a review. */
export const REPORTS = join(ROOT, 'tools/api-reports');

/** The packages by the names of their folders in `dist/packages`. */
export const packagesWithReports = packages.map(({ name }) => name);

/**
 * Writes the API report of a package that `npm run pack` has built: every exported name with its signature, over all entries.
 * https://api-extractor.com/pages/overview/demo_api_report/
 */
export function apiReport(name: (typeof packagesWithReports)[number]): string {
  const home = join(PACKAGES, name);
  const scratch = mkdtempSync(join(tmpdir(), 'keyturn-api-'));
  const entry = join(home, 'dist', 'every-entry.d.ts');
  writeFileSync(entry, everyEntry(home));
  try {
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: home,
        mainEntryPointFilePath: entry,
        compiler: { overrideTsconfig: compilerSettings },
        apiReport: {
          enabled: true,
          reportFolder: scratch,
          reportTempFolder: scratch,
          reportFileName: `${name}.api.md`,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
          extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      },
      configObjectFullPath: join(home, 'api-extractor.json'),
      packageJsonFullPath: join(home, 'package.json'),
    });
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true;
      },
    });
    return readFileSync(join(scratch, `${name}.api.md`), 'utf8');
  } finally {
    rmSync(entry);
    rmSync(scratch, { recursive: true, force: true });
  }
}

const compilerSettings = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023'],
    module: 'node16',
    moduleResolution: 'node16',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
  include: ['dist/every-entry.d.ts'],
};

/** One file over all entries of a package: the first one's names as they are, the others' under the entry's name. */
function everyEntry(home: string): string {
  const { exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const lines = Object.entries(exports).flatMap(([entry, value]) => {
    const types = typesOf(value);
    if (types === undefined) return [];
    const path = types.replace(/^\.\/dist\//, './').replace(/\.d\.ts$/, '.js');
    if (entry.includes('*')) return everyFile(home, path).map((file) => exported(file));
    return [entry === '.' ? `export * from '${path}';` : exported(entry.slice(2), path)];
  });
  return `${lines.join('\n')}\n`;
}

/** `./esm/contracts/*.js` as the files that it stands for. */
function everyFile(home: string, pattern: string): string[] {
  const [folder = '', ending = ''] = pattern.split('*');
  const declarations = readdirSync(join(home, 'dist', folder)).filter((name) => name.endsWith('.d.ts'));
  return declarations.map((name) => `${folder}${name.replace(/\.d\.ts$/, ending)}`).sort();
}

/** The name in the report is the path of the entry, in what an identifier may hold. */
function exported(entry: string, path = entry): string {
  const name = entry.replace(/^\.\/(esm\/)?|\.js$/g, '').replace(/\W/g, '_');
  return `export * as ${name} from '${path}';`;
}

function typesOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { types, import: module } = value as { types?: string; import?: { types: string } };
  return types ?? module?.types;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(REPORTS, { recursive: true });
  for (const name of packagesWithReports) writeFileSync(join(REPORTS, `${name}.api.md`), apiReport(name));
}
