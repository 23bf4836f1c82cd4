"""The functions that a read-only query may call, by dialect.

An allow-list, since every database has functions that read files, sleep, write, load code or run SQL from a string, and
extensions bring more. What is listed only computes from its arguments and the rows. The tests hold the lists against the
databases' own catalogues: each name exists, and PostgreSQL itself says that it changes nothing.
"""

from __future__ import annotations

__all__ = ["FUNCTIONS", "REASONS", "words"]


def words(text: str) -> frozenset[str]:
    """A set, listed as a text."""
    return frozenset(text.split())


_COMMON = words("""
    abs avg ceil ceiling coalesce concat count cume_dist dense_rank exp first_value floor greatest lag last_value lead least
    left length ln log log10 lower ltrim max min mod nth_value ntile nullif percent_rank pi pow power radians degrees
    rank replace round row_number rtrim sign sqrt substr substring sum trim trunc upper
    acos asin atan atan2 cos sin tan cot current_date current_time current_timestamp
    cast convert extract position overlay exists row grouping any all some if case
    stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
    regr_slope regr_intercept regr_r2 regr_count percentile_cont percentile_disc mode
""")

_SQLITE = words("""
    acosh asinh atanh cosh sinh tanh changes char date datetime format glob group_concat hex ifnull iif instr json json_array
    json_array_length json_each json_extract json_group_array json_group_object json_insert json_object json_patch
    json_quote json_remove json_replace json_set json_tree json_type json_valid julianday like likelihood likely log2
    printf quote random soundex sqlite_version strftime time total typeof unicode unixepoch unlikely
    string_agg concat_ws octet_length timediff generate_series match bm25 highlight snippet
""")

_POSTGRES = words("""
    acosd acosh age array_agg array_append array_cat array_dims array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_to_json array_to_string array_upper ascii asind asinh
    atan2d atand atanh bit_and bit_length bit_or bool_and bool_or btrim cardinality cbrt char_length character_length chr
    clock_timestamp concat_ws cosd cosh cotd date_bin date_part date_trunc decode div encode every format gcd
    generate_series generate_subscripts initcap isempty isfinite json_agg json_array_elements json_array_elements_text
    json_array_length json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text
    json_object json_object_agg json_object_keys json_strip_nulls json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_extract_path jsonb_extract_path_text jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
    jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_strip_nulls
    jsonb_typeof justify_days justify_hours justify_interval lcm localtime localtimestamp lower_inc lower_inf lpad
    make_date make_interval make_time make_timestamp make_timestamptz md5 min_scale normalize now num_nonnulls num_nulls
    numnode numrange int4range int8range daterange tsrange tstzrange octet_length phraseto_tsquery plainto_tsquery
    quote_ident quote_literal quote_nullable random range_merge regexp_count regexp_instr regexp_like regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_sxx
    regr_sxy regr_syy repeat reverse right row_to_json rpad scale setweight sha224 sha256 sha384 sha512 sind sinh split_part
    starts_with statement_timestamp string_agg string_to_array string_to_table strip strpos tand tanh timezone to_ascii
    to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp translate
    trim_array trim_scale ts_headline ts_rank ts_rank_cd unnest upper_inc upper_inf version websearch_to_tsquery
    width_bucket bit_count bit_xor similarity word_similarity array current_user session_user user
    current_schema current_database
""")

_MYSQL = words("""
    adddate addtime ascii bin bit_and bit_count bit_length bit_or bit_xor char char_length character_length concat_ws conv
    crc32 curdate curtime date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear elt field
    find_in_set format from_days from_unixtime group_concat hex hour ifnull insert instr json_array json_arrayagg
    json_contains json_extract json_keys json_length json_object json_objectagg json_search json_type json_unquote
    json_valid last_day lcase locate log2 lpad makedate maketime md5 microsecond mid minute month monthname now oct
    octet_length ord period_add period_diff quarter rand regexp_instr regexp_like regexp_replace regexp_substr repeat
    reverse right rpad sec_to_time second sha1 sha2 soundex space std str_to_date strcmp subdate substring_index subtime
    sysdate time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days truncate ucase unhex
    unix_timestamp utc_date utc_time utc_timestamp version week weekday weekofyear weight_string year yearweek
    any_value isnull database schema user current_user
""")

_DUCKDB = _POSTGRES - {"version", "current_user", "session_user", "user"} | words("""
    any_value arg_max arg_min argmax argmin approx_count_distinct bool_and bool_or contains date_diff date_sub date_add
    datediff dayname day dayofmonth dayofweek dayofyear epoch epoch_ms ends_with first group_concat hour ifnull
    instr isnan last last_day len levenshtein jaccard list list_aggregate list_contains list_distinct list_extract
    list_filter list_sort list_transform list_unique list_value map_keys map_values median microsecond millisecond minute
    month monthname prefix printf product quantile quantile_cont quantile_disc quarter range regexp_extract
    regexp_extract_all regexp_full_match second strftime string_split strptime struct_pack suffix today typeof week
    weekday weekofyear year yearweek
""")

FUNCTIONS: dict[str, frozenset[str]] = {
    "": _COMMON | _SQLITE | _POSTGRES, "sqlite": _COMMON | _SQLITE, "postgres": _COMMON | _POSTGRES,
    "mysql": _COMMON | _MYSQL, "duckdb": _COMMON | _DUCKDB,
}
"""Names in lower case, by dialect; "" is standard SQL. A dialect that is not listed has the common ones."""
FUNCTIONS["*"] = _COMMON

REASONS: dict[str, str] = {
    **dict.fromkeys(("load_extension", "fts3_tokenizer", "edit", "eval"), "it loads or runs code"),
    **dict.fromkeys(("readfile", "writefile", "lsdir", "fsdir", "load_file", "pg_read_file", "pg_read_binary_file",
                     "pg_ls_dir", "pg_ls_logdir",
                     "pg_ls_waldir", "pg_stat_file", "pg_file_write", "pg_file_read", "lo_import", "lo_export",
                     "read_csv", "read_csv_auto", "read_parquet", "read_json", "read_json_auto", "read_text", "read_blob",
                     "parquet_scan", "scan_parquet", "glob", "sniff_csv"), "it reaches files"),
    **dict.fromkeys(("pg_sleep", "pg_sleep_for", "pg_sleep_until", "sleep", "benchmark", "get_lock", "waitfor",
                     "pg_advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_lock"), "it holds the server up"),
    **dict.fromkeys(("dblink", "dblink_exec", "dblink_connect", "query_to_xml", "query_to_xmlschema", "query", "query_table",
                     "cursor_to_xml", "ts_stat", "ts_rewrite", "crosstab", "connectby", "database_to_xml",
                     "schema_to_xml", "table_to_xml"), "it runs SQL or reads tables of its own"),
    **dict.fromkeys(("nextval", "setval", "set_config", "lo_unlink", "lo_create", "lo_put", "lowrite", "pg_notify",
                     "setseed",
                     "pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_rotate_logfile", "pg_switch_wal",
                     "pg_create_restore_point", "pg_promote", "optimize", "txid_current", "pg_current_xact_id"),
                    "it changes the server's state"),
    **dict.fromkeys(("randomblob", "zeroblob", "array_fill"), "it makes values of any size"),
    **dict.fromkeys(("duckdb_secrets", "getenv", "current_setting", "pragma_database_list", "pg_show_all_settings",
                     "inet_server_addr", "pg_stat_get_activity"), "it tells what is not in the tables"),
}
"""Why a function that is not listed is refused, for the known ones."""
