/** Of the software; kept equal to the manifests by a test. */
export const VERSION = '0.1.0';
