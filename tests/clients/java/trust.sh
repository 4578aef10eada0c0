keytool -importcert -noprompt -alias graphophone -file "$SSL_CERT_FILE" \
  -keystore graphophone.p12 -storetype PKCS12 -storepass changeit
