import { createRequire } from 'node:module';

/** The first version with everything that the constructs use; package.json says the same of the peer. */
const FIRST_VERSION = '2.186.0';

/**
 * Refuses an older CDK before any other module asks it for what it does not have: older versions lack
 * `aws-cdk-lib/aws-scheduler-targets`, and Node's words on that would be a riddle. `index.ts` imports this file first.
 */
refuseOlderCdk();

function refuseOlderCdk(): void {
  const version = cdkVersion();
  if (version === undefined || isAtLeast(version, FIRST_VERSION)) return;
  throw new Error(
    `keyturn: expected aws-cdk-lib ${FIRST_VERSION} or newer, this app has ${version}. Run: npm install aws-cdk-lib@latest`,
  );
}

/** Of the CDK that is imported from here. Without one, the import that follows says so. */
function cdkVersion(): string | undefined {
  try {
    return createRequire(import.meta.url)('aws-cdk-lib/package.json').version;
  } catch {
    return undefined;
  }
}

function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor = 0, leastMinor = 0, leastPatch = 0] = least.split('.').map(Number);
  return (major - leastMajor || minor - leastMinor || patch - leastPatch) >= 0;
}
