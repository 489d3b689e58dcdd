/** @returns versions of ICU and CLDR in this runtime, for the manifest of names */
export function runtimeVersions(): Readonly<Record<string, string>> {
  const { icu = 'none', cldr = 'none' } = process.versions as Readonly<Record<string, string | undefined>>;
  return { icu, cldr };
}
