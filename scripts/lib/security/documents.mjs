/** The two documents of DDS Security 1.1 that are signed: what holds in a domain, and what one enclave may do in it. */

/** Everything is authenticated, encrypted and under access control; who has no keys cannot join. */
export function governanceXml(domain) {
  return `<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.omg.org/spec/DDS-SECURITY/20170901/omg_shared_ca_governance.xsd">
  <domain_access_rules>
    <domain_rule>
      <domains>
        <id>${domain}</id>
      </domains>
      <allow_unauthenticated_participants>false</allow_unauthenticated_participants>
      <enable_join_access_control>true</enable_join_access_control>
      <discovery_protection_kind>ENCRYPT</discovery_protection_kind>
      <liveliness_protection_kind>ENCRYPT</liveliness_protection_kind>
      <rtps_protection_kind>SIGN</rtps_protection_kind>
      <topic_access_rules>
        <topic_rule>
          <topic_expression>*</topic_expression>
          <enable_discovery_protection>true</enable_discovery_protection>
          <enable_liveliness_protection>true</enable_liveliness_protection>
          <enable_read_access_control>true</enable_read_access_control>
          <enable_write_access_control>true</enable_write_access_control>
          <metadata_protection_kind>ENCRYPT</metadata_protection_kind>
          <data_protection_kind>ENCRYPT</data_protection_kind>
        </topic_rule>
      </topic_access_rules>
    </domain_rule>
  </domain_access_rules>
</dds>
`;
}

/** @param from @param until Dates between which it holds. */
export function permissionsXml({ path, publish, subscribe }, { domain, from, until }) {
  // Without indentation: the document travels in one message of the handshake (see keystore.mjs).
  const topics = (kind, names) => `<${kind}>
<topics>
${names.map((name) => `<topic>${name}</topic>`).join("\n")}
</topics>
</${kind}>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.omg.org/spec/DDS-SECURITY/20170901/omg_shared_ca_permissions.xsd">
  <permissions>
    <grant name="${path}">
      <subject_name>CN=${path}</subject_name>
      <validity>
        <not_before>${xmlTime(from)}</not_before>
        <not_after>${xmlTime(until)}</not_after>
      </validity>
      <allow_rule>
        <domains>
          <id>${domain}</id>
        </domains>
${topics("publish", publish)}
${topics("subscribe", subscribe)}
      </allow_rule>
      <default>DENY</default>
    </grant>
  </permissions>
</dds>
`;
}

function xmlTime(date) {
  return date.toISOString().slice(0, 19);
}
